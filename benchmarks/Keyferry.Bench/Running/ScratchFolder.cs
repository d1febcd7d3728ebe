namespace Keyferry.Bench.Running;

/// <summary>A folder for one run, deleted with it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("keyferry-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
