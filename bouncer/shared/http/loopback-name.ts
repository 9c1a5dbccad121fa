/**
 * Whether a Host means this machine itself, by a name that no DNS server of somebody else can give: with DNS rebinding
 * an attacker's page lets its own name resolve to 127.0.0.1, and the Host header then carries that name.
 *
 * @param host with or without a port.
 */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
