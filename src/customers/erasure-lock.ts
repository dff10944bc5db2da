import { type Tx } from '../platform/db/database.js';

const ERASURES = 'customers:erasures';

/**
 * Keeps every customer until the transaction ends: who is not erased now is there when it commits. For tables without a foreign key. Call it before the
 * transaction locks a row, or it and an erasure may wait for each other.
 */
export async function keepCustomers(tx: Tx): Promise<void> {
  await tx.lock(ERASURES, 'shared');
}

/** Waits for those who keep customers, and has others wait until the transaction ends. Call it first, likewise. */
export async function beginErasure(tx: Tx): Promise<void> {
  await tx.lock(ERASURES, 'alone');
}
