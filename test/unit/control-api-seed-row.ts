/** A sentence of the seed document that promises something, and the test that runs it. */
export interface Row {
  readonly promise: string;
  /** File below test/, and the title of a test in it. */
  readonly file: string;
  readonly test: string;
  /** Where the sentence is about the original's container or page: its equivalent here. */
  readonly here?: string;
}
