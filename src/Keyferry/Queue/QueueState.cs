namespace Keyferry.Queue;

/// <summary>What waits and moves in a lane at one moment.</summary>
/// <param name="Waiting">Changed keys that wait.</param>
/// <param name="WaitingBytes">Bytes that they occupy.</param>
/// <param name="Fed">Keys of the snapshot that wait.</param>
/// <param name="Moving">Keys on their way.</param>
/// <param name="OldestWaiting">Age of the oldest change that is not on the target.</param>
internal readonly record struct QueueState(int Waiting, long WaitingBytes, int Fed, int Moving, TimeSpan OldestWaiting);
