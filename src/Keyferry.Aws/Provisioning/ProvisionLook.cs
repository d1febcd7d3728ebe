using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Secrets;
using Keyferry.Model;

namespace Keyferry.Aws.Provisioning;

/// <summary>What of a provision exists at this moment.</summary>
/// <param name="Cache">The cache, or <see langword="null"/>.</param>
/// <param name="Group">The values of its parameter group, or <see langword="null"/>.</param>
/// <param name="Token">The token that its secret holds, or <see langword="null"/> where there is no secret.</param>
internal sealed record ProvisionLook(Cache? Cache, IReadOnlyDictionary<string, GroupParameter>? Group, Secret? Token)
{
    /// <summary>Looks.</summary>
    public static async ValueTask<ProvisionLook> TakeAsync(
        ElastiCacheClient client,
        SecretsClient secrets,
        ProvisionIntent intent,
        CancellationToken stop
    )
    {
        var group = await client.ParameterGroupAsync(intent.ParameterGroup, stop);
        return new ProvisionLook(
            await new CacheFinder(client).TryFindAsync(intent.Id, stop),
            group is null ? null : await client.ParametersAsync(group.Name, stop),
            intent.Token ? await TokenAsync(secrets, intent.SecretName, stop) : null
        );
    }

    private static async ValueTask<Secret?> TokenAsync(SecretsClient secrets, string name, CancellationToken stop)
    {
        try
        {
            return (await secrets.CredentialsAsync(name, stop)).Password;
        }
        catch (KeyferryException missing) when (missing.InnerException is AwsException { IsAbsent: true })
        {
            return null;
        }
    }
}
