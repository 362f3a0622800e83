import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clientsTable } from '../clients/support/cells.js';
import { CLIENTS, PINNED } from '../clients/support/clients.js';

it('docs/guards.md tells what is run with which version of which client, and why what is not', () => {
  expect(readFileSync('docs/guards.md', 'utf8')).toContain(clientsTable(CLIENTS, PINNED));
});
