/** Files the mail by which the gateway tells somebody of a change that is already made. */
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';

/** Rejects with StoreFull or StoreFailed. The change stands all the same, and the trail has it. */
export async function fileNotice(store: Store, notice: PreparedNotice | undefined): Promise<void> {
  if (notice === undefined) return;
  try {
    await store.accept(notice.acceptance);
  } finally {
    await notice.discard();
  }
}
