import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clientsTable } from '../clients/support/cells.js';

it('docs/guards.md tells what is run with which version of which client', () => {
  const pinned = JSON.parse(readFileSync('test/clients/clients.json', 'utf8'));
  expect(readFileSync('docs/guards.md', 'utf8')).toContain(clientsTable(pinned));
});
