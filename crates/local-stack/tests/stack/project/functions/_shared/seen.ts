/** Paths of the requests served so far. */
export const seen: string[] = [];
