using Keyferry.Model;
using Keyferry.Payloads;

namespace Keyferry.Tests.Payloads;

public sealed class PayloadTypesTests
{
    [Fact]
    public void Every_encoding_that_is_known_tells_its_type()
    {
        Assert.All(Enum.GetValues<PayloadType>(), static type => Assert.NotEqual(KeyType.Unknown, PayloadTypes.TypeOf([(byte)type])));
        Assert.Equal(KeyType.Hash, PayloadTypes.TypeOf([(byte)PayloadType.ValkeyHashWithExpiries]));
        Assert.Equal(KeyType.Unknown, PayloadTypes.TypeOf([200]));
        Assert.Equal(KeyType.Unknown, PayloadTypes.TypeOf([]));
    }
}
