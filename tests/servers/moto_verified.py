"""Checks a served practice range with boto3, as tests of moto that AWS itself passes check moto.

usage: moto_verified.py <DRAGNET>      (<DRAGNET>: path of the binary; needs boto3; makes no connections to other machines)

The checks are written anew after the tests that moto marks as verified against AWS and that call operations of the range:
https://github.com/getmoto/moto, commit 0af643a: tests/test_logs/test_logs.py, tests/test_iam/test_iam_response_attributes.py.
Where such a test creates a customer managed policy, which the range does not have, an AWS managed policy takes its place. The
policy documents are those of tests/test_iam/test_iam_policies.py, whose answers moto copied from AWS.
"""

import json
import sys
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from served_range import SCENARIO, ServedRange

ACCOUNT = "222222222222"
REGION = "us-east-1"
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TAGS = [{"Key": "somekey", "Value": "somevalue"}]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Range(ServedRange):
    """A served practice range, with the keys of an administrator of the account."""

    def __init__(self, dragnet):
        super().__init__(dragnet, *SCENARIO)
        assumed = self.client("sts", self.keys).assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Admin", RoleSessionName="moto")["Credentials"]
        self.admin = {"aws_access_key_id": assumed["AccessKeyId"], "aws_secret_access_key": assumed["SecretAccessKey"],
                      "aws_session_token": assumed["SessionToken"]}

    def client(self, service, keys=None):
        config = Config(retries={"max_attempts": 0})
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, config=config,
                            **(keys or self.admin))


def refused(code, message, operation, **parameters):
    try:
        operation(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        assert (found["Code"], found["Message"]) == (code, message), found
    else:
        raise AssertionError(f"accepted: {parameters}")


# test_logs.py::test_arn_formats_log_group_and_stream and ::test_get_log_events_using_arn
@check
def log_groups_are_identified_by_name_and_arn(aws):
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="moto-group")
    [group] = logs.describe_log_groups(logGroupNamePrefix="moto-group")["logGroups"]
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:moto-group"
    assert (group["logGroupName"], group["arn"], group["logGroupArn"]) == ("moto-group", f"{arn}:*", arn)
    logs.create_log_stream(logGroupName="moto-group", logStreamName="stream")
    for group_of_call in [{"logGroupName": "moto-group"}, {"logGroupIdentifier": "moto-group"}, {"logGroupIdentifier": arn}]:
        [stream] = logs.describe_log_streams(**group_of_call)["logStreams"]
        assert (stream["logStreamName"], stream["arn"]) == ("stream", f"{arn}:log-stream:stream")
        logs.get_log_events(logStreamName="stream", **group_of_call)
    message = ("1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy "
               "regular expression pattern: [\\w#+=/:,.@-]*")
    refused("InvalidParameterException", message, logs.describe_log_streams, logGroupIdentifier=f"{arn}:*")
    refused("InvalidParameterException", message, logs.get_log_events, logGroupIdentifier=f"{arn}:*", logStreamName="stream")
    other = arn.replace(ACCOUNT, "333333333301")
    refused("ResourceNotFoundException", "The specified log group does not exist.", logs.filter_log_events,
            logGroupIdentifier=other)
    logs.delete_log_group(logGroupName="moto-group")


# test_iam_response_attributes.py::test_role_resource_returns_subset_of_available_attributes
@check
def roles_return_a_subset_of_their_attributes(aws):
    iam = aws.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}})
    for optional in [{}, {"PermissionsBoundary": BOUNDARY, "Tags": TAGS}]:
        parameters = {"RoleName": "MotoRole", "Path": "/moto/", "AssumeRolePolicyDocument": trust, "Description": "test"}
        for role in [iam.create_role(**parameters, **optional)["Role"], iam.get_role(RoleName="MotoRole")["Role"]]:
            assert ("PermissionsBoundary" in role, "Tags" in role) == (bool(optional), bool(optional)), role
        [listed] = iam.list_roles(PathPrefix="/moto/")["Roles"]
        assert not {"PermissionsBoundary", "RoleLastUsed", "Tags"} & set(listed), listed
        iam.delete_role(RoleName="MotoRole")


# test_iam_response_attributes.py::test_user_resource_returns_subset_of_available_attributes
@check
def users_return_a_subset_of_their_attributes(aws):
    iam = aws.client("iam")
    for optional in [{}, {"PermissionsBoundary": BOUNDARY, "Tags": TAGS}]:
        created = iam.create_user(UserName="MotoUser", Path="/moto/", **optional)["User"]
        for user in [created, iam.get_user(UserName="MotoUser")["User"]]:
            assert ("PermissionsBoundary" in user, "Tags" in user) == (bool(optional), bool(optional)), user
        [listed] = iam.list_users(PathPrefix="/moto/")["Users"]
        assert not {"PermissionsBoundary", "Tags"} & set(listed), listed
        iam.delete_user(UserName="MotoUser")


def policy(**members):
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::example_bucket", **members}
    return {"Version": "2012-10-17", "Statement": {name: value for name, value in statement.items() if value != "left out"}}


SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
REFUSED = [
    (policy(Effect="invalid"), SYNTAX),
    (policy(**{"Extra field": "value"}), SYNTAX),
    (policy(Sid={}), SYNTAX),
    (policy(Action="invalid"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (policy(Action="a a:ListBucket"), "Vendor a a is not valid"),
    (policy(Action="s3:List:Bucket"), "Actions/Condition can contain only one colon."),
    (policy(Action="s:3:ListBucket", Resource="sdfsadf"), 'Resource sdfsadf must be in ARN format or "*".'),
    (policy(Action=[]), "Policy statement must contain actions."),
    (policy(Action="left out"), "Policy statement must contain actions."),
    (policy(Action={}), SYNTAX),
    (policy(Resource="invalid resource"), 'Resource invalid resource must be in ARN format or "*".'),
    (policy(Resource=""), 'Resource  must be in ARN format or "*".'),
    (policy(Resource=[]), "Policy statement must contain resources."),
    (policy(Resource="left out"), "Policy statement must contain resources."),
    (policy(Resource={"a": "arn:aws:s3:::example_bucket"}), SYNTAX),
    (policy(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (policy(Resource="arn:aws:s3::example_bucket"), LEGACY),
    (policy(Resource="arn:aws::fdsasf"), LEGACY),
    (policy(Resource="a:b:cadfsdf"), 'Partition "b" is not valid for resource "arn:b:cadfsdf:*:*:*".'),
    (policy(Resource="aws:s3:::example_bucket"), 'Partition "s3" is not valid for resource "arn:s3:::example_bucket:*".'),
    (policy(Resource="arn:aws:s3:us-east-1::example_bucket"),
     "Resource arn:aws:s3:us-east-1::example_bucket can not contain region information."),
    (policy(Resource="arn:aws:iam:us-east-1::example_bucket"),
     "IAM resource arn:aws:iam:us-east-1::example_bucket cannot contain region information."),
    (policy(NotResource="*"), SYNTAX),
    (policy(Condition="a"), SYNTAX),
    (policy(Condition={"x": {"a": "1"}}), SYNTAX),
    (policy(Condition={"ForAnyValue::StringEqualsIfExists": {"a": "asf"}}), SYNTAX),
    (policy(Condition={"DateLessThan": {"a": "9223372036854775808"}}), LEGACY),
    (policy(Condition={"DateLessThanEquals": {"a": "234-13"}}), LEGACY),
    (policy(Condition={"DateLessThanEquals": {"a": "2016-12-13t2:00:00.593194+1"}}), LEGACY),
    ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": ["afd"]}, SYNTAX),
    ({"Version": "2012-10-17", "Id": {}, **{"Statement": policy()["Statement"]}}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": [{**policy()["Statement"], "Sid": "sdf"}] * 2},
     "Statement IDs (SID) in a single policy must be unique."),
]
ACCEPTED = [
    policy(),
    policy(Action="iam: asdf safdsf af "),
    policy(Action="*"),
    policy(Resource=["arn:aws:s3:::example_bucket", "*"]),
    policy(Resource=["arn:aws:kms:*:123456789012:key/*", None]),
    policy(Resource="arn:aws:fdsasf"),
    policy(Resource="arn:aws:iam:::user/example_bucket"),
    policy(Resource="arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point"),
    policy(Resource="left out", NotResource="*"),
    policy(Condition={}),
    policy(Condition={"a": {}}),
    policy(Condition={"DateGreaterThan": {"a": []}}),
    policy(Condition={"DateGreaterThan": {"a": "01T"}}),
    policy(Condition={"DateLessThan": {"a": "-292275054"}}),
    policy(Condition={"DateLessThanEquals": {"a": "2016-12-13t2:00:00.593194+23"}}),
    policy(Condition={"Bool": {"kms:GrantIsForAWSResource": True}}),
    policy(Sid=""),
]


# test_iam_policies.py::test_create_policy_with_invalid_policy_document and ::test_create_policy_with_valid_policy_document
@check
def policies_are_refused_and_accepted_as_by_aws(aws):
    iam = aws.client("iam")
    iam.create_user(UserName="MotoPolicies")
    for document, message in REFUSED:
        refused("MalformedPolicyDocument", message, iam.put_user_policy, UserName="MotoPolicies", PolicyName="p",
                PolicyDocument=json.dumps(document))
    for document in ACCEPTED:
        iam.put_user_policy(UserName="MotoPolicies", PolicyName="p", PolicyDocument=json.dumps(document))
    iam.delete_user_policy(UserName="MotoPolicies", PolicyName="p")
    iam.delete_user(UserName="MotoPolicies")


# test_cloudtrail.py::test_get_trail_status_with_one_char
@check
def trail_names_are_checked(aws):
    message = "Trail name too short. Minimum allowed length: 3 characters. Specified name length: 1 characters."
    refused("InvalidTrailNameException", message, aws.client("cloudtrail").get_trail_status, Name="?")


# test_regions.py: the form of a dry run in the EC2 API
@check
def dry_runs_list_nothing(aws):
    refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", aws.client("ec2").describe_regions,
            DryRun=True)


def main():
    aws = Range(sys.argv[1])
    failed = 0
    try:
        for function in CHECKS:
            try:
                function(aws)
                print("ok    ", function.__name__)
            except Exception:
                failed += 1
                print("FAILED", function.__name__)
                traceback.print_exc()
    finally:
        aws.end()
    raise SystemExit(1 if failed else 0)


main()
