"""Runs the function of the stack's template (index.py in the current folder) with AWS's own library against the endpoint in AWS_ENDPOINT_URL.

Reads the events of CloudFormation from standard input, one JSON object a line, and writes what the function sends back, one object a line.
"""
import json
import os
import sys
import types

import boto3
import botocore.session

# The library of some distributions is older than serverless caches, which the one in Lambda knows.
SERVERLESS = {
    "operations": {
        "DescribeServerlessCaches": {
            "name": "DescribeServerlessCaches",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "DescribeServerlessCachesRequest"},
            "output": {"shape": "DescribeServerlessCachesResponse", "resultWrapper": "DescribeServerlessCachesResult"},
            "errors": [{"shape": "ServerlessCacheNotFoundFault"}],
        }
    },
    "shapes": {
        "DescribeServerlessCachesRequest": {"type": "structure", "members": {"ServerlessCacheName": {"shape": "String"}}},
        "DescribeServerlessCachesResponse": {"type": "structure", "members": {"ServerlessCaches": {"shape": "ServerlessCacheList"}}},
        "ServerlessCacheList": {"type": "list", "member": {"shape": "ServerlessCache"}},
        "ServerlessCache": {
            "type": "structure",
            "members": {
                "ServerlessCacheName": {"shape": "String"},
                "Status": {"shape": "String"},
                "Endpoint": {"shape": "Endpoint"},
                "SecurityGroupIds": {"shape": "ServerlessSecurityGroupIds"},
                "SubnetIds": {"shape": "ServerlessSubnetIds"},
            },
        },
        "ServerlessSecurityGroupIds": {"type": "list", "member": {"shape": "String", "locationName": "SecurityGroupId"}},
        "ServerlessSubnetIds": {"type": "list", "member": {"shape": "String", "locationName": "SubnetId"}},
        "ServerlessCacheNotFoundFault": {
            "type": "structure",
            "members": {},
            "error": {"code": "ServerlessCacheNotFoundFault", "httpStatusCode": 404, "senderFault": True},
            "exception": True,
        },
    },
}


def library():
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def completed(service, kind, api_version=None):
        model = load(service, kind, api_version)
        if service == "elasticache" and kind == "service-2" and "DescribeServerlessCaches" not in model["operations"]:
            model = {**model, **{part: {**model[part], **SERVERLESS[part]} for part in SERVERLESS}}
        return model

    loader.load_service_model = completed
    # Older ones do not read AWS_ENDPOINT_URL.
    known = boto3.session.Session(botocore_session=session)
    return lambda name: known.client(name, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def send(event, context, status, data, physical_id=None, no_echo=False, reason=None):
    print(json.dumps({"Status": status, "Reason": reason, "PhysicalResourceId": physical_id, "Data": data}), flush=True)


sys.modules["cfnresponse"] = types.SimpleNamespace(SUCCESS="SUCCESS", FAILED="FAILED", send=send)
boto3.client = library()
sys.path.insert(0, os.getcwd())
from index import handler  # noqa: E402

for line in sys.stdin:
    handler(json.loads(line), None)
