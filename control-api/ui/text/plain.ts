/**
 * What attackers wrote, made safe to look at. Markup is no danger here (everything is rendered as text); what is left
 * are characters that cannot be seen, or that turn the text around them: they become visible.
 */
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

const MOST = 400;

export function plain(text: string, most = MOST): string {
  const shown = text.length > most ? `${cutAt(text, most)}…` : text;
  return shown.replace(UNSEEN, (character) => (character === '\n' || character === '\t' ? ' ' : '\u{fffd}'));
}

/** Not between the halves of one character. */
function cutAt(text: string, most: number): string {
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(most - 1));
  return text.slice(0, isHalf ? most - 1 : most);
}
