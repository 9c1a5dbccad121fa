import { JSONParser, type ParsedElementInfo, TokenType } from '@streamparser/json';

/**
 * Reads a JSON document as it arrives: what stands at some paths is handed over, and nothing else is held.
 *
 * It also sees how each member of the document begins: a list that is empty is read from nothing but its bracket, and
 * is not the same as no list.
 */
export class JsonReader {
  readonly #parser: JSONParser;
  #error: Error | undefined;
  readonly #beginnings = new Map<unknown, TokenType>();
  #depth = 0;
  /** At the top level: the last name, and the one whose value comes next. */
  #name: unknown;
  #key: unknown;

  /** @param paths such as `$.new.*`. */
  constructor(paths: readonly string[], onValue: (found: ParsedElementInfo) => void) {
    this.#parser = new JSONParser({ paths: [...paths], keepStack: false });
    this.#parser.onError = (error) => (this.#error = error);
    this.#parser.onToken = ({ token, value }) => this.#see(token, value);
    this.#parser.onValue = onValue;
  }

  /** @throws Error where the text stops being JSON, and from then on. */
  write(chunk: Uint8Array): void {
    if (this.#error === undefined) this.#parser.write(chunk);
    if (this.#error !== undefined) throw this.#error;
  }

  /** Whether the document is whole. @throws Error where it was no JSON. */
  get isWhole(): boolean {
    if (this.#error !== undefined) throw this.#error;
    return this.#parser.isEnded;
  }

  /** The first token of a member's value; undefined where the document, an object, has no such member. */
  beginningOf(name: string): TokenType | undefined {
    return this.#beginnings.get(name);
  }

  #see(token: TokenType, value: unknown): void {
    if (this.#depth === 1) this.#seeMember(token, value);
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth++;
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
  }

  #seeMember(token: TokenType, value: unknown): void {
    if (this.#key !== undefined) this.#beginnings.set(this.#key, token);
    this.#key = token === TokenType.COLON ? this.#name : undefined;
    this.#name = value;
  }
}
