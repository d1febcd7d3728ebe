using Keyferry.State;

namespace Keyferry.Tests.State;

public sealed class MemoryRunStoreTests : RunStoreContract
{
    private protected override IRunStore Create() => new MemoryRunStore(Time);

    private protected override IRunStore Reopen(IRunStore store)
    {
        store.Dispose();
        return store;
    }
}
