// Checks a template with AWS's own validator and against the schemas of the CDK; ends with 1 where either finds something.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const path = process.argv[2];
const template = JSON.parse(readFileSync(path, 'utf8'));
const findings = [];

const { RegoEngine, TemplateFile } = require('@aws/cloudformation-validate');
const report = new RegoEngine().validateStandard(new TemplateFile(path));
for (const one of report.diagnostics) {
  // It takes every parameter with "Secret" in its name for a password; an ARN is none.
  if (one.ruleId === 'W2509' && /'\w+Arn'/.test(one.message)) continue;
  if (['FATAL', 'ERROR', 'WARN'].includes(one.severity)) {
    findings.push(`cloudformation-validate: ${one.severity} ${one.ruleId} ${one.message} (${one.entity?.logicalId} ${one.propertyPath ?? ''})`);
  }
}

const spec = require('@aws-cdk/aws-service-spec').loadAwsServiceSpecSync();
for (const [name, resource] of Object.entries(template.Resources)) {
  if (resource.Type.startsWith('Custom::')) continue;
  const type = spec.lookup('resource', 'cloudFormationType', 'equals', resource.Type)[0];
  if (!type) {
    findings.push(`service-spec: ${name}: there is no type ${resource.Type}`);
    continue;
  }
  check(name, resource.Properties, type.properties);
}

function check(where, given, known) {
  for (const key of Object.keys(given)) {
    if (!(key in known)) findings.push(`service-spec: ${where}: there is no property ${key}`);
  }
  for (const [key, property] of Object.entries(known)) {
    if (property.required && !(key in given)) findings.push(`service-spec: ${where}: ${key} is required`);
    if (key in given) descend(`${where}.${key}`, given[key], property.type);
  }
}

function descend(where, value, type) {
  if (type.type === 'ref' && value && typeof value === 'object' && !isFunction(value)) {
    check(where, value, spec.get('typeDefinition', type.reference.$ref).properties);
  } else if (type.type === 'array' && Array.isArray(value)) {
    value.forEach((one, index) => descend(`${where}[${index}]`, one, type.element));
  }
}

function isFunction(value) {
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'));
}

findings.forEach((one) => console.log(one));
console.log(`${findings.length} findings of cloudformation-validate and service-spec`);
process.exit(findings.length ? 1 : 0);
