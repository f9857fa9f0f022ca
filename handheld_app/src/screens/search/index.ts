/** Search: opens A's search and asks again what is still silent, while readers and scans find pieces. */

import type { CallFailure, Client } from "../../api/client.ts";
import { beginSearch, type Search } from "../../core/search.ts";
import { failed, ok, type Result } from "../../core/result.ts";

/** Refusals that mean: there is nothing to search any more. B may have begun, or the one search was used. */
const OVER_CODES: ReadonlySet<string> = new Set(["search_used", "wrong_state", "count_sealed"]);

/** null: the search of this count is over. */
export async function openSearch(client: Client, count: string): Promise<Result<Search | null, CallFailure>> {
  const answer = await client.openSearch(count);
  if (answer.ok) return ok(beginSearch(answer.value));
  const isOver = answer.error.kind === "refused" && OVER_CODES.has(answer.error.problem.code);
  return isOver ? ok(null) : failed(answer.error);
}
