"""The template, created and deleted by CloudFormation as moto's server plays it: what stands, what stays"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.aws.template import PATH, TEMPLATE
from tests.ports import free_port

NAME, REGION, DOMAIN = "lastro-tried", "eu-central-1", "scores.example.org"
SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:"
IGNORED = {"AWS::S3::BucketPolicy", "AWS::Glue::Database", "AWS::Athena::WorkGroup"}  # moto makes nothing of them


class Cloud:
    """What answers as AWS."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def client(self, service: str) -> Any:
        """Return a client of one of its services."""
        keys = {"aws_access_key_id": "moto", "aws_secret_access_key": "moto", "region_name": REGION}
        return boto3.client(service, endpoint_url=self.address, **keys)  # type: ignore[call-overload]

    def parameters(self) -> list[dict[str, str]]:
        """Return what the template asks for, in the account's own network."""
        ec2 = self.client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = ",".join(each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2])
        values = {name: f"{SECRET}{name}-a1b2c3" for name in TEMPLATE["Parameters"] if name.endswith("Secret")} | {
            "Version": "1.0.0",
            "Vpc": vpc,
            "LoadBalancerSubnets": subnets,
            "TaskSubnets": subnets,
            "LoadBalancerNetworks": "172.31.0.0/20",
            "Domain": DOMAIN,
            "Certificate": self.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"],
        }
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Moto's server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=(port := free_port()), verbose=False)
    server.start()
    yield Cloud(port)
    server.stop()


@pytest.mark.filterwarnings("ignore:Tried to parse")
def test_stack_is_made_and_taken_away_and_what_is_lasting_stays(cloud: Cloud) -> None:
    formation, ecs, s3, events = (cloud.client(name) for name in ("cloudformation", "ecs", "s3", "events"))
    formation.create_stack(
        StackName=NAME,
        TemplateBody=PATH.read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=cloud.parameters(),
    )
    (stack,) = formation.describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    listed = formation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    made = {each["LogicalResourceId"] for each in listed}
    assert {each["Type"] for name, each in TEMPLATE["Resources"].items() if name not in made} == IGNORED

    bucket = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "BucketName")
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (cluster,) = ecs.list_clusters()["clusterArns"]
    named = ecs.list_services(cluster=cluster)["serviceArns"]
    services = ecs.describe_services(cluster=cluster, services=named)["services"]
    assert sorted(each["desiredCount"] for each in services) == [1, 2]
    definition = ecs.describe_task_definition(taskDefinition=f"{NAME}-api")["taskDefinition"]
    assert all(each["image"].endswith(":1.0.0") for each in definition["containerDefinitions"])
    assert [rule["State"] for rule in events.list_rules()["Rules"]] == ["ENABLED"] * 3

    formation.delete_stack(StackName=NAME)
    (gone,) = formation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert gone["StackName"] == NAME
    assert cloud.client("iam").list_roles()["Roles"] == []
    assert events.list_rules()["Rules"] == []
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [bucket]
    assert len(cloud.client("ecr").describe_repositories()["repositories"]) == 5
