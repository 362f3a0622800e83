import type { Context } from '../../context.js';
import type { RequiredRules } from '../../domain/request.js';
import { insidePath } from '../main-branch/files.js';
import { digestInForce } from './loaded.js';

/**
 * What a session must have loaded before it is granted ground; null where any may claim. It is the main branch as last
 * fetched that says so, wherever it has a configuration, so that an agent which edits its own copy lifts nothing.
 */
export async function requiredRules(context: Context): Promise<RequiredRules | null> {
  const demand = await context.mainDemands();
  if (demand === null || demand.requireSession === null) {
    return (await context.config()).requireSession ? { digest: await digestInForce(context) } : null;
  }
  if (!demand.requireSession) return null;
  return { digest: await digestInForce(context, insidePath('rules', demand.rules ?? 'rules')) };
}
