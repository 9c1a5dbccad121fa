import { TokenType } from '@streamparser/json';

/**
 * Sees how each member of a document begins, while a streaming parser goes through it: a list that is empty is read
 * from nothing but its bracket, and is not the same as no list.
 */
export class TopLevelMembers {
  readonly #beginnings = new Map<unknown, TokenType>();
  #depth = 0;
  /** The last name, and the one whose value comes next. */
  #name: unknown;
  #key: unknown;

  /** Takes every token of the document, in order. */
  see(token: TokenType, value: unknown): void {
    if (this.#depth === 1) this.#seeMember(token, value);
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth++;
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
  }

  /** The first token of a member's value; undefined where the document, an object, has no such member. */
  beginningOf(name: string): TokenType | undefined {
    return this.#beginnings.get(name);
  }

  #seeMember(token: TokenType, value: unknown): void {
    if (this.#key !== undefined) this.#beginnings.set(this.#key, token);
    this.#key = token === TokenType.COLON ? this.#name : undefined;
    this.#name = value;
  }
}
