// Makes every call that Keyferry makes with AWS's JavaScript SDK, against the double that the environment names (AWS_ENDPOINT_URL).
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const require = createRequire(process.cwd() + '/');
const ec = require('@aws-sdk/client-elasticache');
const cf = require('@aws-sdk/client-cloudformation');
const sm = require('@aws-sdk/client-secrets-manager');
const sts = require('@aws-sdk/client-sts');
const ec2 = require('@aws-sdk/client-ec2');
const logs = require('@aws-sdk/client-cloudwatch-logs');

let calls = 0;
const talk = (kit, Client) => {
  const client = new Client({});
  return (name, input = {}) => {
    calls++;
    return client.send(new kit[name + 'Command'](input));
  };
};
const cache = talk(ec, ec.ElastiCacheClient);
const stack = talk(cf, cf.CloudFormationClient);
const secret = talk(sm, sm.SecretsManagerClient);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (what) => {
  while (!(await what())) await sleep(20);
};
const refused = (promise, name) => assert.rejects(promise, (error) => error.name === name);

await cache('CreateCacheParameterGroup', { CacheParameterGroupName: 'js', CacheParameterGroupFamily: 'redis7', Description: 'd', Tags: [{ Key: 'a', Value: 'b' }] });
await cache('ModifyCacheParameterGroup', {
  CacheParameterGroupName: 'js',
  ParameterNameValues: [{ ParameterName: 'notify-keyspace-events', ParameterValue: 'AE' }, { ParameterName: 'timeout', ParameterValue: '300' }],
});
await cache('ResetCacheParameterGroup', { CacheParameterGroupName: 'js', ParameterNameValues: [{ ParameterName: 'timeout' }] });
const set = await cache('DescribeCacheParameters', { CacheParameterGroupName: 'js', Source: 'user' });
assert.deepEqual(set.Parameters.map((one) => [one.ParameterName, one.ParameterValue, one.ChangeType]), [['notify-keyspace-events', 'AE', 'immediate']]);
assert.equal((await cache('DescribeCacheParameterGroups', { CacheParameterGroupName: 'js' })).CacheParameterGroups[0].CacheParameterGroupFamily, 'redis7');
await cache('CreateCacheCluster', { CacheClusterId: 'js-one', Engine: 'redis', EngineVersion: '7.1', CacheNodeType: 'cache.t3.micro', NumCacheNodes: 1, SecurityGroupIds: ['sg-0cache'] });
await cache('CreateReplicationGroup', {
  ReplicationGroupId: 'js-group', ReplicationGroupDescription: 'd', Engine: 'redis', EngineVersion: '7.1', CacheNodeType: 'cache.t3.micro', NumNodeGroups: 2,
  ReplicasPerNodeGroup: 0, AutomaticFailoverEnabled: true, CacheParameterGroupName: 'default.redis7.cluster.on', SecurityGroupIds: ['sg-0cache'],
});
const cluster = async () => (await cache('DescribeCacheClusters', { CacheClusterId: 'js-one', ShowCacheNodeInfo: true })).CacheClusters[0];
const group = async () => (await cache('DescribeReplicationGroups', { ReplicationGroupId: 'js-group' })).ReplicationGroups[0];
await until(async () => (await cluster()).CacheClusterStatus === 'available');
await until(async () => (await group()).Status === 'available');
assert.equal((await cluster()).CacheNodes[0].Endpoint.Address, '127.0.0.1');
assert.deepEqual((await group()).NodeGroups.map((one) => one.Slots), ['0-8191', '8192-16383']);
await cache('ModifyCacheCluster', { CacheClusterId: 'js-one', CacheParameterGroupName: 'js', ApplyImmediately: true });
await refused(cache('DeleteCacheParameterGroup', { CacheParameterGroupName: 'js' }), 'InvalidCacheParameterGroupStateFault');
await cache('ModifyReplicationGroup', { ReplicationGroupId: 'js-group', CacheParameterGroupName: 'default.redis7.cluster.on', ApplyImmediately: true });
await until(async () => (await cluster()).CacheClusterStatus === 'available' && (await group()).Status === 'available');
await refused(cache('DescribeServerlessCaches', { ServerlessCacheName: 'nope' }), 'ServerlessCacheNotFoundFault');
await refused(cache('DescribeCacheClusters', { CacheClusterId: 'nope' }), 'CacheClusterNotFoundFault');
assert.equal((await cache('DescribeCacheSubnetGroups')).CacheSubnetGroups[0].VpcId, 'vpc-0abc');
assert.ok((await cache('DescribeCacheEngineVersions', { Engine: 'valkey' })).CacheEngineVersions.length > 0);
assert.ok((await cache('DescribeEvents', { SourceIdentifier: 'js-one', SourceType: 'cache-cluster', Duration: 60 })).Events.length > 0);
await cache('DeleteCacheCluster', { CacheClusterId: 'js-one' });
await cache('DeleteReplicationGroup', { ReplicationGroupId: 'js-group', RetainPrimaryCluster: false });
await until(() => cluster().then(() => false, () => true));
await cache('DeleteCacheParameterGroup', { CacheParameterGroupName: 'js' });

const template = JSON.stringify({ Parameters: { A: { Type: 'String' } }, Resources: { T: { Type: 'AWS::SNS::Topic', Properties: {} } } });
const how = { StackName: 'js', TemplateBody: template, Capabilities: ['CAPABILITY_IAM'] };
await stack('CreateStack', { ...how, Parameters: [{ ParameterKey: 'A', ParameterValue: '1' }] });
await until(async () => (await stack('DescribeStacks', { StackName: 'js' })).Stacks[0].StackStatus === 'CREATE_COMPLETE');
await refused(stack('UpdateStack', { ...how, Parameters: [{ ParameterKey: 'A', UsePreviousValue: true }] }), 'ValidationError');
await stack('UpdateStack', { ...how, Parameters: [{ ParameterKey: 'A', ParameterValue: '2' }] });
assert.ok((await stack('DescribeStackEvents', { StackName: 'js' })).StackEvents.length > 2);
await stack('DeleteStack', { StackName: 'js' });

const made = await secret('CreateSecret', { Name: 'js', SecretString: 's' });
assert.equal((await secret('GetSecretValue', { SecretId: made.ARN })).SecretString, 's');
await secret('DeleteSecret', { SecretId: 'js', ForceDeleteWithoutRecovery: true });
await refused(secret('GetSecretValue', { SecretId: 'js' }), 'ResourceNotFoundException');
assert.ok((await talk(sts, sts.STSClient)('GetCallerIdentity')).Account);
assert.ok((await talk(sts, sts.STSClient)('AssumeRole', { RoleArn: 'arn:aws:iam::111122223333:role/r', RoleSessionName: 'js' })).Credentials.SessionToken);
assert.equal((await talk(ec2, ec2.EC2Client)('DescribeSubnets', { SubnetIds: ['subnet-0a1'] })).Subnets[0].VpcId, 'vpc-0abc');
assert.equal((await talk(ec2, ec2.EC2Client)('DescribeSecurityGroups', { GroupIds: ['sg-0cache'] })).SecurityGroups[0].GroupId, 'sg-0cache');
assert.ok((await talk(sts, sts.STSClient)('AssumeRoleWithWebIdentity', { RoleArn: 'arn:aws:iam::111122223333:role/r', RoleSessionName: 'js', WebIdentityToken: 'a.web.token' })).Credentials.SessionToken);
const net = talk(ec2, ec2.EC2Client);
const rules = (await net('DescribeSecurityGroups', { GroupIds: ['sg-0cache'] })).SecurityGroups[0].IpPermissions;
assert.deepEqual([rules[0].IpProtocol, rules[0].FromPort, rules[0].UserIdGroupPairs[0].GroupId], ['tcp', 1, 'sg-0app']);
const acls = (await net('DescribeNetworkAcls', { Filters: [{ Name: 'association.subnet-id', Values: ['subnet-0a1'] }] })).NetworkAcls;
assert.deepEqual([acls.length, acls[0].Entries[0].RuleAction, acls[0].Associations[0].SubnetId], [1, 'allow', 'subnet-0a1']);
const tables = (await net('DescribeRouteTables', { Filters: [{ Name: 'vpc-id', Values: ['vpc-0abc'] }] })).RouteTables;
assert.deepEqual([tables[0].Routes[0].GatewayId, tables[0].Associations[0].Main], ['local', true]);
const cards = (await net('DescribeNetworkInterfaces', { Filters: [{ Name: 'mac-address', Values: ['02:00:00:00:00:01'] }] })).NetworkInterfaces;
assert.deepEqual([cards[0].PrivateIpAddress, cards[0].Groups[0].GroupId], ['10.0.2.50', 'sg-0app']);
assert.deepEqual((await cache('DescribeUpdateActions', { ReplicationGroupIds: ['js-group'] })).UpdateActions, []);
assert.ok((await stack('ValidateTemplate', { TemplateBody: template })).Parameters.length > 0);
assert.ok((await talk(logs, logs.CloudWatchLogsClient)('FilterLogEvents', { logGroupName: 'g' })).events.length > 0);
console.log(`the JavaScript SDK made ${calls} calls`);
