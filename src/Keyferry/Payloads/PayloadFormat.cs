using Keyferry.Servers;

namespace Keyferry.Payloads;

/// <summary>Which payloads a server reads, and in which form it has what servers write differently. (Measured on 13 servers.)</summary>
internal sealed record PayloadFormat
{
    /// <summary>Payloads of Valkey 9 and newer: their versions begin here, and from here down to <see cref="FirstForeign"/> they are foreign to it.</summary>
    private const int ValkeyVersion = 80;

    private const int FirstForeign = 12;

    /// <summary>What Redis 6.2 writes, and 5.0: such a server may end where it finds the value of a module that it does not have.</summary>
    public const int Redis62 = 9;

    /// <summary>The version that the server itself writes; 0 where it is not known.</summary>
    public required int Version { get; init; }

    /// <summary>The last type that the server knows of those that all servers number alike.</summary>
    public required PayloadType LastCommonType { get; init; }

    /// <summary>The stream type that it writes.</summary>
    public required PayloadType Stream { get; init; }

    /// <summary>The type of a hash with field expiries; <see langword="null"/> where it has none.</summary>
    public required PayloadType? HashWithExpiries { get; init; }

    /// <summary>What the server's modules are called.</summary>
    public IReadOnlySet<string> Modules { get; init; } = new HashSet<string>();

    /// <summary>What the server <paramref name="identity"/> reads.</summary>
    public static PayloadFormat Of(ServerIdentity identity)
    {
        var version = identity.PayloadVersion;
        return new PayloadFormat
        {
            Version = version,
            LastCommonType = version switch
            {
                < 10 => PayloadType.StreamOf5,
                10 => PayloadType.StreamOf7,
                _ => PayloadType.StreamOf72,
            },
            Stream = version switch
            {
                < 10 => PayloadType.StreamOf5,
                10 => PayloadType.StreamOf7,
                13 => PayloadType.StreamOf86,
                _ => PayloadType.StreamOf72,
            },
            HashWithExpiries =
                !identity.HasHashFieldExpiry ? null
                : version >= ValkeyVersion ? PayloadType.ValkeyHashWithExpiries
                : PayloadType.HashWithExpiries,
        };
    }

    /// <summary>Whether the server takes payloads of <paramref name="version"/>. One that is not known may take anything.</summary>
    public bool Reads(int version) =>
        Version == 0 || (version <= Version && (Version < ValkeyVersion || version is < FirstForeign or >= ValkeyVersion));

    /// <summary>Whether the server knows values of <paramref name="type"/>, other than those of modules.</summary>
    public bool Knows(PayloadType type) =>
        type switch
        {
            _ when Version == 0 => true,
            PayloadType.OldModule or PayloadType.Module => false,
            PayloadType.HashListpackWithExpiries => HashWithExpiries == PayloadType.HashWithExpiries,
            _ => type <= LastCommonType || type == Stream || type == HashWithExpiries,
        };
}
