import type { State, Submission } from '../../domain/model.js';
import { usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';

const MOST_LISTED = 5;

/**
 * The submission with this id, or with the only id that begins so.
 * @throws CoordError `usage` when there is none, or more than one.
 */
export function findSubmission({ submissions }: Pick<State, 'submissions'>, id: string): Submission {
  const exact = submissions.find((one) => one.id === id);
  if (exact) return exact;
  const begun = id === '' ? [] : submissions.filter((one) => one.id.startsWith(id));
  const [only] = begun;
  if (only && begun.length === 1) return only;
  const ids = begun.map((one) => one.id);
  if (only) {
    throw usage(
      `${begun.length} submissions begin with ${id}: ${ids.slice(-MOST_LISTED).join(', ')}`,
      'name one of them',
      {
        submissions: ids,
      },
    );
  }
  const open = submissions.filter(({ closed }) => closed === null).map((one) => one.id);
  // An instant stands only in the words of other refusals.
  throw refusalError({ code: 'usage', reason: 'unknown-submission', submission: id, open }, '');
}
