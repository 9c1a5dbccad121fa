const format = new Intl.NumberFormat('en');

/** `33,552`. */
export function count(value: number): string {
  return format.format(value);
}

/** `1 address`, `33,552 addresses`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
