/** Files what the gateway says by mail after a change that was made already. */
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';

/** Rejects with StoreFull or StoreFailed: the change stands, and the audit trail tells of it. */
export async function fileNotice(store: Store, notice: PreparedNotice | undefined): Promise<void> {
  if (notice === undefined) return;
  try {
    await store.accept(notice.acceptance);
  } finally {
    await notice.discard();
  }
}
