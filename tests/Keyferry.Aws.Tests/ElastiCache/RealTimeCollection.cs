namespace Keyferry.Aws.Tests.ElastiCache;

/// <summary>Tests in which logins end after real seconds: nothing else runs beside them, or a renewal might come too late for want of a processor.</summary>
[CollectionDefinition(nameof(RealTimeCollection), DisableParallelization = true)]
public sealed class RealTimeCollection;
