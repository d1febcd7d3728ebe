namespace Keyferry.Integration.Load;

/// <summary>Tests with load run one after the other, after those that share the machine: a rate needs the machine for itself.</summary>
[CollectionDefinition(nameof(LoadCollection), DisableParallelization = true)]
public sealed class LoadCollection;
