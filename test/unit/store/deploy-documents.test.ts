import { describe, expect, it } from 'vitest';
import { CoordError } from '../../../src/errors.js';
import { DOCUMENTS } from '../../../src/store/format/documents.js';
import { deploymentRecord, gateRecord } from '../../support/records.js';
import { START } from '../../support/requests.js';

const LIVE = { deploy: 'd1', commit: 'a'.repeat(40), agent: 'maya', at: START };
const SOUND = {
  targets: [{ target: 'prod', live: LIVE, perhaps: [], nonces: ['n1'] }],
  attempts: [deploymentRecord('d1', { gates: [gateRecord('tests')] }), deploymentRecord('d2')],
};

describe('deployments.json', () => {
  it('has one record a line, and is read back as it was', () => {
    const text = DOCUMENTS.deployments.encode(SOUND);
    expect(DOCUMENTS.deployments.decode(text)).toEqual(SOUND);
    expect(text.split('\n').filter((line) => line.startsWith('{"'))).toHaveLength(3);
    expect(DOCUMENTS.deployments.encode(DOCUMENTS.deployments.decode(text))).toBe(text);
  });

  it.each([
    ['"status":"done"', '"status":"fine"', 'attempts[0].status: not one of running'],
    ['"step":"record"', '"step":"sneak"', 'attempts[0].step: not one of agent'],
    [`"commit":"${'a'.repeat(40)}"`, '"commit":"HEAD"', 'targets[0].live: commit: not a commit id'],
    ['"nonces":["n1"]', '"nonces":"n1"', 'targets[0].nonces: not a list'],
    ['"open":true', '"open":"yes"', 'attempts[0].gates: has an item that is open: not true or false'],
    ['"perhaps":[]', '"perhaps":[{}]', 'targets[0].perhaps: has an item that is deploy: missing'],
    ['"format": 1', '"format": 2', 'deployments.json has format 2'],
    ['"attempts": [', '"notes": [],\n"attempts": [', 'notes: unknown'],
  ])('with %s made %s is refused as damaged', (sound, damage, problem) => {
    const text = DOCUMENTS.deployments.encode(SOUND).replace(sound, damage);
    let error: unknown;
    try {
      DOCUMENTS.deployments.decode(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CoordError);
    expect(error).toMatchObject({ code: 'corrupt', message: expect.stringContaining(problem) });
  });
});
