package dev.unmask.store;

/** The contract on a folder. */
final class FolderStoreContractTest extends StoreContract {

  @Override
  ArtifactStore open() throws StoreException {
    return FolderStore.open(work.resolve("store"));
  }
}
