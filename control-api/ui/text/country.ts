const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });

/** `Germany` for `DE`; what is no code of a country stays as it is. */
export function countryName(code: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return names.of(code) ?? code;
}
