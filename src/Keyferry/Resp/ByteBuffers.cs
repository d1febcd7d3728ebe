using System.Buffers;

namespace Keyferry.Resp;

/// <summary>Arrays for bytes on their way. Large ones are left to the garbage collector: the shared pool would keep some of each size for every thread, for as long as nobody collects.</summary>
/// <remarks>Fifty elements of 4 MB in five values took 300 MB of resident memory from the pool alone.</remarks>
internal static class ByteBuffers
{
    private const int Pooled = 4 << 20;

    /// <summary>An array of at least so many bytes, with anything in it.</summary>
    public static byte[] Rent(int least) =>
        least <= Pooled ? ArrayPool<byte>.Shared.Rent(least) : GC.AllocateUninitializedArray<byte>(least);

    /// <summary>Gives back an array that came from <see cref="Rent"/> and is not used any more.</summary>
    public static void Return(byte[] array)
    {
        if (array.Length is > 0 and <= Pooled)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
