/** The state of the requests behind a panel. */
import { RequestState } from "../../components/request-state";
import type { TargetState } from "../../data/source";

export function AnswerState({ states }: { states: TargetState[] }) {
  const failed = states.filter(({ error }) => error !== null);
  const shown = states.filter(({ frames }) => frames !== undefined);
  return (
    <RequestState
      fetching={states.some(({ fetching }) => fetching)}
      polling
      // A server that does not answer fails all of them in the same way.
      errors={failed.slice(0, 1).map(({ error }) => error)}
      shownAtMs={shown.length > 0 ? Math.min(...shown.map(({ atMs }) => atMs)) : 0}
      cancel={() => {
        for (const { cancel } of states) cancel();
      }}
      retry={() => {
        for (const { retry } of failed.length > 0 ? failed : states) retry();
      }}
    />
  );
}
