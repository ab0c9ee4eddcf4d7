"""Calls every operation of a served practice range with boto3 and the AWS CLI, and checks AWS's error codes.

usage: range_boto3.py <DRAGNET>      (<DRAGNET>: path of the binary; needs boto3 and awscli; makes no connections to
other machines)
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from served_range import SCENARIO, ServedRange

MEMBER = "222222222222"
MANAGEMENT = "111111111111"
DENY_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"}, "Action": "sts:AssumeRole"}]})
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Range(ServedRange):
    """A served practice range, with clients of boto3."""

    def __init__(self, dragnet):
        super().__init__(dragnet, *SCENARIO)

    def client(self, service, session=None, region="us-east-1"):
        keys = session or self.keys
        # GetLogObject has a prefix of the host, which no host on this machine has.
        config = Config(retries={"max_attempts": 0}, parameter_validation=False, inject_host_prefix=False)
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region, config=config, **keys)

    def assume(self, account, role, session=None, **more):
        response = self.client("sts", session).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="driver", **more)
        return keys_of(response)


def keys_of(response):
    credentials = response["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def refused(code, call, *arguments, **parameters):
    try:
        call(*arguments, **parameters)
    except ClientError as error:
        actual = error.response["Error"]["Code"]
        assert actual == code, f"expected {code}, got {actual}: {error}"
        return error
    raise AssertionError(f"expected {code}, but the call succeeded")


def pages(client, operation, key, **parameters):
    return [item for page in client.get_paginator(operation).paginate(**parameters) for item in page.get(key, [])]


@check
def sts_and_trust_policies(aws):
    sts = aws.client("sts")
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/responder"
    assert keys_of(sts.get_session_token())["aws_session_token"]
    admin = aws.assume(MEMBER, "Admin")
    assert aws.client("sts", admin).get_caller_identity()["Arn"].endswith(":assumed-role/Admin/driver")
    error = refused("AccessDenied", aws.assume, MEMBER, "Nobody")
    assert "is not authorized to perform: sts:AssumeRole on resource" in str(error)
    refused("AccessDenied", aws.assume, MEMBER, "Careful", ExternalId="s3cret")
    refused("ValidationError", aws.assume, MEMBER, "Admin", DurationSeconds=899)
    refused("ValidationError", aws.assume, MEMBER, "Admin", DurationSeconds=7200)
    refused("MalformedPolicyDocument", aws.assume, MEMBER, "Admin", Policy="{}")
    refused("AccessDenied", aws.client("sts", admin).get_session_token)
    refused("AccessDenied", sts.get_session_token,
            SerialNumber=f"arn:aws:iam::{MANAGEMENT}:mfa/responder", TokenCode="000000")
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "logs:Describe*", "Resource": "*"}]})
    narrowed = aws.assume(MEMBER, "Admin", Policy=narrow, SourceIdentity="alice")
    aws.client("logs", narrowed).describe_log_groups()
    error = refused("AccessDenied", aws.client("iam", narrowed).list_users)
    assert "no session policy allows the iam:ListUsers action" in str(error)
    wrong = dict(admin, aws_secret_access_key="wrong")
    refused("SignatureDoesNotMatch", aws.client("sts", wrong).get_caller_identity)
    mixed = dict(admin, aws_session_token=aws.assume(MEMBER, "Reader")["aws_session_token"])
    refused("InvalidClientTokenId", aws.client("sts", mixed).get_caller_identity)
    refused("UnrecognizedClientException", aws.client("logs", mixed).describe_log_groups)


@check
def organizations(aws):
    reader = aws.client("organizations")
    assert reader.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    assert len(pages(reader, "list_accounts", "Accounts")) == 45
    first = reader.list_accounts()
    assert first["Accounts"] == [] and first["NextToken"], "an empty page is not the end"
    refused("InvalidInputException", reader.list_accounts, NextToken="nonsense")
    refused("AccessDeniedException", reader.create_organizational_unit, ParentId="r-x", Name="x")
    admin = aws.client("organizations", aws.assume(MANAGEMENT, "Admin"))
    refused("AlreadyInOrganizationException", admin.create_organization)
    [root] = pages(admin, "list_roots", "Roots")
    [sandbox] = pages(admin, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=root["Id"])
    assert len(pages(admin, "list_accounts_for_parent", "Accounts", ParentId=sandbox["Id"])) == 43
    unit = admin.create_organizational_unit(ParentId=root["Id"], Name="New")["OrganizationalUnit"]
    refused("DuplicateOrganizationalUnitException", admin.create_organizational_unit, ParentId=root["Id"], Name="New")
    refused("ParentNotFoundException", admin.list_accounts_for_parent, ParentId="ou-none")
    assert admin.describe_organizational_unit(OrganizationalUnitId=unit["Id"])["OrganizationalUnit"]["Name"] == "New"
    status = admin.create_account(AccountName="fresh", Email="fresh@example.com")["CreateAccountStatus"]
    states = [admin.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
              for _ in range(2)]
    assert [state["State"] for state in states] == ["IN_PROGRESS", "SUCCEEDED"]
    fresh = states[-1]["AccountId"]
    admin.move_account(AccountId=fresh, SourceParentId=root["Id"], DestinationParentId=unit["Id"])
    refused("SourceParentNotFoundException", admin.move_account,
            AccountId=fresh, SourceParentId=root["Id"], DestinationParentId=unit["Id"])
    assert pages(admin, "list_parents", "Parents", ChildId=fresh)[0]["Id"] == unit["Id"]
    admin.tag_resource(ResourceId=fresh, Tags=[{"Key": "env", "Value": "new"}])
    assert pages(admin, "list_tags_for_resource", "Tags", ResourceId=fresh) == [{"Key": "env", "Value": "new"}]
    refused("TargetNotFoundException", admin.list_tags_for_resource, ResourceId="000000000000")
    aws.client("iam", aws.assume(fresh, "OrganizationAccountAccessRole")).list_users()
    admin.close_account(AccountId=fresh)
    assert admin.describe_account(AccountId=fresh)["Account"]["State"] == "PENDING_CLOSURE"
    refused("AccountAlreadyClosedException", admin.close_account, AccountId=fresh)
    refused("ConstraintViolationException", admin.close_account, AccountId=MANAGEMENT)
    refused("AccountNotFoundException", admin.describe_account, AccountId="000000000000")
    refused("AccessDenied", aws.assume, fresh, "OrganizationAccountAccessRole")


@check
def rules_pipelines_and_deliveries(aws):
    member = aws.client("observabilityadmin", aws.assume(MEMBER, "Admin"))
    admin = aws.client("observabilityadmin", aws.assume(MANAGEMENT, "Admin"))
    [pipeline] = member.list_telemetry_pipelines()["PipelineSummaries"]
    assert pipeline["ConfigurationSummary"]["DataSources"][0]["Name"] == "aws_cloudtrail"
    [rule] = member.list_telemetry_rules()["TelemetryRuleSummaries"]
    assert (rule["RuleName"], rule["ResourceType"]) == ("trails", "AWS::CloudTrail")
    assert member.list_telemetry_rules(RuleNamePrefix="x")["TelemetryRuleSummaries"] == []
    [rule] = admin.list_telemetry_rules_for_organization()["TelemetryRuleSummaries"]
    assert rule["RuleName"] == "flow-logs"
    [rule] = admin.list_centralization_rules_for_organization(AllRegions=True)["CentralizationRuleSummaries"]
    assert (rule["DestinationAccountId"], rule["DestinationRegion"]) == (MEMBER, "eu-central-1")
    assert admin.list_centralization_rules_for_organization()["CentralizationRuleSummaries"] == []
    refused("AccessDeniedException", member.list_centralization_rules_for_organization)
    refused("AccessDeniedException", member.list_telemetry_rules_for_organization)
    refused("ValidationException", admin.list_telemetry_rules, NextToken="nonsense")
    logs = aws.client("logs", aws.assume(MEMBER, "Admin"))
    [delivery] = pages(logs, "describe_deliveries", "deliveries")
    [destination] = pages(logs, "describe_delivery_destinations", "deliveryDestinations")
    assert delivery["deliveryDestinationArn"] == destination["arn"] and delivery["deliveryDestinationType"] == "S3"
    [subscription] = pages(logs, "describe_subscription_filters", "subscriptionFilters", logGroupName="/vpc/flow-logs")
    assert subscription["destinationArn"].endswith("deliverystream/siem")
    refused("ResourceNotFoundException", logs.describe_subscription_filters, logGroupName="/none")


@check
def regions_and_flow_logs(aws):
    member = aws.assume(MEMBER, "Admin")
    ec2 = aws.client("ec2", member)
    names = {region["RegionName"]: region["OptInStatus"] for region in ec2.describe_regions()["Regions"]}
    assert names == {"us-east-1": "opt-in-not-required", "eu-central-1": "opt-in-not-required", "ap-east-1": "opted-in"}
    everything = aws.client("ec2").describe_regions(AllRegions=True)["Regions"]
    assert {"not-opted-in"} == {r["OptInStatus"] for r in everything if r["RegionName"] == "ap-east-1"}
    only = [{"Name": "opt-in-status", "Values": ["opted-in"]}]
    assert [r["RegionName"] for r in ec2.describe_regions(Filters=only)["Regions"]] == ["ap-east-1"]
    refused("InvalidParameterValue", ec2.describe_regions, RegionNames=["mars-north-1"])
    [flow_log] = pages(ec2, "describe_flow_logs", "FlowLogs")
    assert flow_log["LogGroupName"] == "/vpc/flow-logs" and "${srcaddr}" in flow_log["LogFormat"]
    closed = aws.assume("333333333301", "Admin")
    refused("AuthFailure", aws.client("ec2", closed, "ap-east-1").describe_regions)
    refused("UnrecognizedClientException", aws.client("logs", closed, "ap-east-1").describe_log_groups)
    error = refused("AccessDeniedException", aws.client("logs", closed, "eu-central-1").describe_log_groups)
    assert "explicit deny in a service control policy: arn:aws:organizations::" in str(error)


@check
def log_groups_and_streams(aws):
    logs = aws.client("logs", aws.assume(MEMBER, "Admin"))
    groups = pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix="/many/")
    assert len(groups) == 120 and groups[0]["arn"].endswith(":*") and not groups[0]["logGroupArn"].endswith("*")
    listed = logs.list_log_groups(logGroupNamePattern="^/many/group-0[0-4]", limit=1000)["logGroups"]
    assert len(listed) == 49
    by_pattern = logs.describe_log_groups(logGroupNamePattern="RCHIV")["logGroups"]
    assert [group["logGroupName"] for group in by_pattern] == ["/archive"] and "storedBytes" not in by_pattern[0]
    refused("InvalidParameterException", logs.describe_log_groups, limit=51)
    logs.create_log_group(logGroupName="/new", logGroupClass="STANDARD")
    refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/new")
    refused("InvalidParameterException", logs.create_log_group, logGroupName="no spaces")
    logs.put_retention_policy(logGroupName="/new", retentionInDays=7)
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/new", retentionInDays=8)
    [described] = logs.describe_log_groups(logGroupNamePrefix="/new")["logGroups"]
    assert described["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName="/new")
    for name in ("b", "a"):
        logs.create_log_stream(logGroupName="/new", logStreamName=name)
    refused("ResourceAlreadyExistsException", logs.create_log_stream, logGroupName="/new", logStreamName="a")
    now = int(time.time() * 1000)
    put = logs.put_log_events(logGroupName="/new", logStreamName="b", logEvents=[
        {"timestamp": now - 1000, "message": "one"}, {"timestamp": now, "message": "two"}])
    assert "rejectedLogEventsInfo" not in put
    old = logs.put_log_events(logGroupName="/new", logStreamName="a",
                              logEvents=[{"timestamp": now - 20 * 86_400_000, "message": "too old"}])
    assert old["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] == 1
    refused("InvalidParameterException", logs.put_log_events, logGroupName="/new", logStreamName="b",
            logEvents=[{"timestamp": now, "message": "x"}, {"timestamp": now - 1, "message": "y"}])
    refused("ResourceNotFoundException", logs.put_log_events, logGroupName="/new", logStreamName="c",
            logEvents=[{"timestamp": now, "message": "x"}])
    assert [s["logStreamName"] for s in pages(logs, "describe_log_streams", "logStreams", logGroupName="/new")] == ["a", "b"]
    newest = logs.describe_log_streams(logGroupName="/new", orderBy="LastEventTime", descending=True)["logStreams"]
    assert newest[0]["logStreamName"] == "b" and newest[0]["lastEventTimestamp"] == now
    refused("InvalidParameterException", logs.describe_log_streams, logGroupName="/new", orderBy="LastEventTime",
            logStreamNamePrefix="a")
    head = logs.get_log_events(logGroupName="/new", logStreamName="b", startFromHead=True)
    assert [event["message"] for event in head["events"]] == ["one", "two"]
    end = logs.get_log_events(logGroupName="/new", logStreamName="b", startFromHead=True,
                              nextToken=head["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == head["nextForwardToken"]
    exclusive = logs.get_log_events(logGroupName="/new", logStreamName="b", startTime=now - 1000, endTime=now)
    assert [event["message"] for event in exclusive["events"]] == ["one"]
    logs.delete_log_stream(logGroupName="/new", logStreamName="a")
    refused("ResourceNotFoundException", logs.delete_log_stream, logGroupName="/new", logStreamName="a")
    logs.delete_log_group(logGroupName="/new")
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName="/new")


@check
def filtering(aws):
    logs = aws.client("logs", aws.assume(MEMBER, "Admin"))

    def found(pattern, group="/app", **more):
        return pages(logs, "filter_log_events", "events", logGroupName=group, filterPattern=pattern, **more)

    assert len(found("")) == 1500
    assert len({event["eventId"] for event in found("")}) == 1500
    assert len(found('"192.0.2.1"')) == 1500 and found('"192.0.2.10"') == []
    assert len(found("{ $.n >= 1490 }")) == 10 and len(found("{ $.n = 7 || $.n = 8 }")) == 2
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="/app", filterPattern="{ $.n = ")
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="/app", filterPattern="x" * 1025)
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="/archive")
    refused("ResourceNotFoundException", logs.filter_log_events, logGroupName="/none")
    refused("InvalidParameterException", logs.filter_log_events, logGroupName="/app", nextToken="nonsense")
    page = logs.filter_log_events(logGroupName="/app")
    while "nextToken" not in page:
        page = logs.filter_log_events(logGroupName="/app", limit=10)
    other = aws.client("logs", aws.assume("333333333301", "Admin"))
    other.create_log_group(logGroupName="/app")
    refused("InvalidParameterException", other.filter_log_events, logGroupName="/app", nextToken=page["nextToken"])
    assert found('"198.51.100.23"', "/masked") == []
    assert len(found('"198.51.100.23"', "/masked", unmask=True)) == 1
    reader = aws.client("logs", aws.assume(MEMBER, "Reader"))
    refused("AccessDeniedException", reader.filter_log_events, logGroupName="/masked", unmask=True)
    refused("AccessDeniedException", reader.delete_log_group, logGroupName="/app")


@check
def log_objects_and_imports(aws):
    """The rest of a truncated event arrives as an event stream, whose checksums botocore verifies."""
    logs = aws.client("logs", aws.assume(MEMBER, "Admin"), "eu-central-1")
    [event] = pages(logs, "filter_log_events", "events", logGroupName="/otel")
    pointer = json.loads(event["message"])["@ptr.$['body']"]

    def content(client=logs, pointer=pointer, **more):
        stream = client.get_log_object(logObjectPointer=pointer, **more)["fieldStream"]
        return b"".join(message["fields"]["data"] for message in stream)

    assert content() == b"begin of exfil.example"
    assert content(unmask=True) == content()
    refused("InvalidParameterException", logs.get_log_object, logObjectPointer="CqQBCmcK")
    refused("ResourceNotFoundException", logs.get_log_object, logObjectPointer=pointer + "0")
    elsewhere = aws.client("logs", aws.assume(MEMBER, "Admin"))
    refused("ResourceNotFoundException", elsewhere.get_log_object, logObjectPointer=pointer)
    [task] = logs.describe_import_tasks()["imports"]
    assert task["importStatus"] == "COMPLETED" and task["importDestinationArn"].endswith(":log-group:aws/cloudtrail/x")
    assert task["importFilter"]["startEventTime"] < task["importFilter"]["endEventTime"] < task["creationTime"]
    assert logs.describe_import_tasks(importStatus="FAILED")["imports"] == []
    assert elsewhere.describe_import_tasks()["imports"] == []


@check
def insights(aws):
    logs = aws.client("logs", aws.assume(MEMBER, "Admin"))
    now = int(time.time())

    def start(query, **more):
        return logs.start_query(startTime=now - 86_400, endTime=now, queryString=query, **more)["queryId"]

    query = start("fields @message | filter n >= 1490 | sort n desc", logGroupNames=["/app"])
    result = logs.get_query_results(queryId=query)
    for _ in range(100):
        if result["status"] not in ("Scheduled", "Running"):
            break
        time.sleep(0.1)
        result = logs.get_query_results(queryId=query)
    assert result["status"] == "Complete" and len(result["results"]) == 10, result["status"]
    pointer = next(field["value"] for field in result["results"][0] if field["field"] == "@ptr")
    assert logs.get_log_record(logRecordPointer=pointer)["logRecord"]["n"] == "1499"
    assert logs.describe_queries()["queries"]
    refused("MalformedQueryException", start, "fields @message | filtre x", logGroupNames=["/app"])
    refused("ResourceNotFoundException", start, "fields @message", logGroupNames=["/none"])
    refused("ResourceNotFoundException", logs.get_query_results, queryId="00000000-0000-0000-0000-000000000000")
    stopped = start("stats count(*) by bin(5m)", logGroupNames=["/app"])
    logs.stop_query(queryId=stopped)


@check
def identities(aws):
    iam = aws.client("iam", aws.assume(MEMBER, "Admin"))
    for n in range(5):
        iam.create_user(UserName=f"user-{n}", Path="/team/")
    refused("EntityAlreadyExists", iam.create_user, UserName="user-0")
    refused("ValidationError", iam.create_user, UserName="no spaces")
    assert len(pages(iam, "list_users", "Users", PathPrefix="/team/", PaginationConfig={"PageSize": 2})) == 5
    assert iam.get_user(UserName="user-0")["User"]["Arn"] == f"arn:aws:iam::{MEMBER}:user/team/user-0"
    refused("NoSuchEntity", iam.get_user, UserName="nobody")
    iam.create_group(GroupName="staff")
    iam.add_user_to_group(GroupName="staff", UserName="user-0")
    assert [u["UserName"] for u in iam.get_group(GroupName="staff")["Users"]] == ["user-0"]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="user-0")["Groups"]] == ["staff"]
    assert len(pages(iam, "list_groups", "Groups")) == 1
    iam.create_role(RoleName="Worker", AssumeRolePolicyDocument=TRUST)
    refused("MalformedPolicyDocument", iam.create_role, RoleName="Bad", AssumeRolePolicyDocument="{}")
    iam.update_assume_role_policy(RoleName="Worker", PolicyDocument=TRUST)
    assert "Worker" in [role["RoleName"] for role in pages(iam, "list_roles", "Roles")]
    assert iam.get_role(RoleName="Worker")["Role"]["AssumeRolePolicyDocument"] == json.loads(TRUST)
    for kind, name in (("user", "user-0"), ("group", "staff"), ("role", "Worker")):
        selector = {f"{kind.title()}Name": name}
        operation = lambda verb, noun="policy": getattr(iam, f"{verb}_{kind}_{noun}")
        operation("put")(PolicyName="DenyAll", PolicyDocument=DENY_ALL, **selector)
        assert operation("get")(PolicyName="DenyAll", **selector)["PolicyDocument"] == json.loads(DENY_ALL)
        assert operation("list", "policies")(**selector)["PolicyNames"] == ["DenyAll"]
        refused("MalformedPolicyDocument", operation("put"), PolicyName="P", PolicyDocument="no", **selector)
        operation("delete")(PolicyName="DenyAll", **selector)
        refused("NoSuchEntity", operation("delete"), PolicyName="DenyAll", **selector)
        admin = "arn:aws:iam::aws:policy/AdministratorAccess"
        operation("attach")(PolicyArn=admin, **selector)
        attached = getattr(iam, f"list_attached_{kind}_policies")(**selector)["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [admin]
    large = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::" + "b" * 2048}]})
    refused("LimitExceeded", iam.put_user_policy, UserName="user-0", PolicyName="P", PolicyDocument=large)
    refused("UnmodifiableEntity", iam.put_role_policy, RoleName="AWSServiceRoleForSupport", PolicyName="P",
            PolicyDocument=DENY_ALL)
    key = iam.create_access_key(UserName="user-0")["AccessKey"]
    iam.create_access_key(UserName="user-0")
    refused("LimitExceeded", iam.create_access_key, UserName="user-0")
    user_keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    deny_all_blocks(aws, iam, user_keys)
    iam.update_access_key(UserName="user-0", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused("InvalidClientTokenId", aws.client("sts", user_keys).get_caller_identity)
    for listed in pages(iam, "list_access_keys", "AccessKeyMetadata", UserName="user-0"):
        iam.delete_access_key(UserName="user-0", AccessKeyId=listed["AccessKeyId"])
    assert iam.list_mfa_devices(UserName="user-0")["MFADevices"] == []
    refused("DeleteConflict", iam.delete_user, UserName="user-0")
    details = iam.get_account_authorization_details
    rows, marker = 0, {}
    while True:
        page = details(MaxItems=2, **marker)
        rows += sum(len(page[name]) for name in ("UserDetailList", "GroupDetailList", "RoleDetailList"))
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert rows == 5 + 1 + 5, rows
    iam.remove_user_from_group(GroupName="staff", UserName="user-0")
    for kind, name in (("user", "user-0"), ("group", "staff"), ("role", "Worker")):
        selector = {f"{kind.title()}Name": name}
        getattr(iam, f"detach_{kind}_policy")(PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess", **selector)
        getattr(iam, f"delete_{kind}")(**selector)
    refused("NoSuchEntity", iam.delete_group, GroupName="staff")


def deny_all_blocks(aws, iam, user_keys):
    aws.client("logs", user_keys).describe_log_groups()
    iam.put_user_policy(UserName="user-0", PolicyName="DenyAll", PolicyDocument=DENY_ALL)
    refused("AccessDeniedException", aws.client("logs", user_keys).describe_log_groups)
    refused("UnauthorizedOperation", aws.client("ec2", user_keys).describe_regions)
    refused("AccessDenied", aws.client("iam", user_keys).list_users)
    refused("AccessDenied", aws.assume, MEMBER, "Admin", user_keys)
    aws.client("sts", user_keys).get_caller_identity()
    iam.delete_user_policy(UserName="user-0", PolicyName="DenyAll")
    aws.client("logs", user_keys).describe_log_groups()


@check
def sign_in_and_credentials(aws):
    """The credentials of a user besides access keys, the password, and the MFA device."""
    account = "333333333302"
    iam = aws.client("iam", aws.assume(account, "Admin"))
    user = {"UserName": "mallory"}
    for name, key, members, update in (
        ("ssh_public_keys", "SSHPublicKeys", {"SSHPublicKeyId": "APKAMALLORY222222222"}, iam.update_ssh_public_key),
        ("signing_certificates", "Certificates", {"CertificateId": "CERTMALLORY222222222222"},
         iam.update_signing_certificate),
        ("service_specific_credentials", "ServiceSpecificCredentials",
         {"ServiceSpecificCredentialId": "ACCAMALLORY222222222"}, iam.update_service_specific_credential),
    ):
        listed = lambda: getattr(iam, f"list_{name}")(**user)[key]
        [credential] = listed()
        assert members.items() <= credential.items() and credential["UserName"] == "mallory", credential
        assert credential["Status"] == "Active"
        update(Status="Inactive", **members, **user)
        assert [found["Status"] for found in listed()] == ["Inactive"]
        update(Status="Active", **members, **user)
        assert listed() == [credential]
        refused("ValidationError", update, Status="Gone", **members, **user)
        refused("NoSuchEntity", update, Status="Inactive", **dict.fromkeys(members, "NOSUCHCREDENTIAL2222"), **user)
        refused("NoSuchEntity", update, Status="Inactive", UserName="nobody", **members)
        refused("NoSuchEntity", getattr(iam, f"list_{name}"), UserName="nobody")
    assert iam.list_service_specific_credentials(**user)["ServiceSpecificCredentials"][0]["ServiceName"]
    assert iam.list_signing_certificates(**user)["Certificates"][0]["CertificateBody"].startswith("-----BEGIN")
    profile = iam.get_login_profile(**user)["LoginProfile"]
    assert profile["UserName"] == "mallory" and profile["CreateDate"].year > 2000
    refused("EntityAlreadyExists", iam.create_login_profile, Password="correct horse", **user)
    iam.delete_login_profile(**user)
    refused("NoSuchEntity", iam.get_login_profile, **user)
    refused("NoSuchEntity", iam.delete_login_profile, **user)
    assert iam.create_login_profile(Password="correct horse", **user)["LoginProfile"]["UserName"] == "mallory"
    serial = f"arn:aws:iam::{account}:mfa/mallory"
    assert [device["SerialNumber"] for device in pages(iam, "list_mfa_devices", "MFADevices", **user)] == [serial]
    refused("NoSuchEntity", iam.deactivate_mfa_device, SerialNumber=serial + "2", **user)
    iam.deactivate_mfa_device(SerialNumber=serial, **user)
    assert iam.list_mfa_devices(**user)["MFADevices"] == []
    refused("NoSuchEntity", iam.deactivate_mfa_device, SerialNumber=serial, **user)


@check
def boundaries_and_blocked_roles(aws):
    account = "333333333303"
    iam = aws.client("iam", aws.assume(account, "Admin"))
    iam.create_user(UserName="bounded")
    iam.create_role(RoleName="Bounded", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "sts:AssumeRole"}]}))
    iam.attach_role_policy(RoleName="Bounded", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    session = aws.assume(account, "Bounded")
    aws.client("iam", session).list_users()
    deny_all = "arn:aws:iam::aws:policy/AWSDenyAll"
    for kind, name in (("user", "bounded"), ("role", "Bounded")):
        selector = {f"{kind.title()}Name": name}
        found = lambda: getattr(iam, f"get_{kind}")(**selector)[kind.title()].get("PermissionsBoundary")
        put = getattr(iam, f"put_{kind}_permissions_boundary")
        delete = getattr(iam, f"delete_{kind}_permissions_boundary")
        assert found() is None
        refused("NoSuchEntity", put, PermissionsBoundary=f"arn:aws:iam::{account}:policy/None", **selector)
        refused("NoSuchEntity", put, PermissionsBoundary=deny_all, **{f"{kind.title()}Name": "nobody"})
        put(PermissionsBoundary=deny_all, **selector)
        assert found()["PermissionsBoundaryArn"] == deny_all
        detail = iam.get_account_authorization_details(Filter=[kind.title()])[f"{kind.title()}DetailList"]
        [bounded] = [item for item in detail if item[f"{kind.title()}Name"] == name]
        assert bounded["PermissionsBoundary"]["PermissionsBoundaryArn"] == deny_all
        if kind == "role":
            refused("AccessDenied", aws.client("iam", session).list_users)
        delete(**selector)
        assert found() is None
        refused("NoSuchEntity", delete, **selector)
    aws.client("iam", session).list_users()
    trust = iam.get_role(RoleName="Bounded")["Role"]["AssumeRolePolicyDocument"]
    blocked = dict(trust, Statement=trust["Statement"] + [{"Effect": "Deny", "Principal": "*", "Action": [
        "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]}])
    refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="Bounded", PolicyDocument="{}")
    refused("NoSuchEntity", iam.update_assume_role_policy, RoleName="Nobody", PolicyDocument=json.dumps(trust))
    iam.update_assume_role_policy(RoleName="Bounded", PolicyDocument=json.dumps(blocked))
    refused("AccessDenied", aws.assume, account, "Bounded")
    aws.client("iam", session).list_users()
    iam.update_assume_role_policy(RoleName="Bounded", PolicyDocument=json.dumps(trust))
    assert aws.assume(account, "Bounded")


@check
def trails(aws):
    member = aws.assume(MEMBER, "Admin")
    trail = aws.client("cloudtrail", member)
    [shadow] = trail.describe_trails()["trailList"]
    assert shadow["IsOrganizationTrail"] and ":111111111111:log-group:aws-controltower" in shadow["CloudWatchLogsLogGroupArn"]
    assert trail.describe_trails(includeShadowTrails=False)["trailList"] == []
    assert trail.get_trail_status(Name=shadow["TrailARN"])["LatestCloudWatchLogsDeliveryTime"]
    assert trail.get_event_selectors(TrailName=shadow["TrailARN"])["EventSelectors"][0]["ReadWriteType"] == "All"
    refused("TrailNotFoundException", trail.get_trail_status, Name="none")
    assert len(pages(trail, "list_trails", "Trails")) == 1
    iam = aws.client("iam", member)
    iam.create_user(UserName="traced")
    iam.delete_user(UserName="traced")
    filters = [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
    newest = pages(trail, "lookup_events", "Events", LookupAttributes=filters)[0]
    assert json.loads(newest["CloudTrailEvent"])["requestParameters"]["userName"] == "traced"
    central = aws.client("logs")
    stored = pages(central, "filter_log_events", "events", logGroupName="aws-controltower/CloudTrailLogs",
                   filterPattern='{ $.eventName = "CreateUser" && $.requestParameters.userName = "traced" }')
    assert len(stored) == 1 and stored[0]["logStreamName"].endswith(f"_{MEMBER}_CloudTrail_us-east-1")


@check
def s3_of_trails(aws):
    admin = aws.assume(MANAGEMENT, "Admin")
    s3 = aws.client("s3", admin)
    bucket = f"cloudtrail-{MANAGEMENT}"
    organization = aws.client("organizations").describe_organization()["Organization"]["Id"]
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="none-of-these")
    refused("404", s3.head_bucket, Bucket="none-of-these")
    refused("AccessDenied", s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner=MEMBER)
    reader = aws.client("s3", aws.assume(MEMBER, "Reader"))
    error = refused("AccessDenied", reader.list_objects_v2, Bucket=bucket)
    assert "no identity-based policy allows the s3:ListBucket action" in str(error)

    member = f"AWSLogs/{organization}/{MEMBER}/"
    folders = s3.list_objects_v2(Bucket=bucket, Prefix=member, Delimiter="/")
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == [f"{member}CloudTrail-Digest/", f"{member}CloudTrail/"]
    logs = f"{member}CloudTrail/us-east-1/"
    paged = [each["Key"] for each in pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=logs,
                                           PaginationConfig={"PageSize": 2})]
    whole = s3.list_objects_v2(Bucket=bucket, Prefix=logs, FetchOwner=True)
    keys = [each["Key"] for each in whole["Contents"]]
    # Files of this driver's own calls may arrive in between.
    assert len(paged) >= 3 and keys == sorted(keys) and [key for key in keys if key in paged] == paged
    assert whole["KeyCount"] == len(keys) and whole["Contents"][0]["Owner"]["ID"]
    later = s3.list_objects_v2(Bucket=bucket, Prefix=logs, StartAfter=keys[0])["Contents"]
    assert later[0]["Key"] == keys[1]
    older = pages(s3, "list_objects", "Contents", Bucket=bucket, Prefix=logs, PaginationConfig={"PageSize": 2})
    assert [each["Key"] for each in older][:len(paged)] == paged

    found = s3.get_object(Bucket=bucket, Key=keys[0])
    packed = found["Body"].read()
    assert len(packed) == found["ContentLength"] == whole["Contents"][0]["Size"]
    records = json.loads(gzip.decompress(packed))["Records"]
    assert records and all(record["recipientAccountId"] == MEMBER for record in records)
    assert s3.head_object(Bucket=bucket, Key=keys[0])["ContentLength"] == len(packed)
    assert s3.get_object(Bucket=bucket, Key=keys[0], Range="bytes=0-1")["Body"].read() == packed[:2]
    refused("InvalidRange", s3.get_object, Bucket=bucket, Key=keys[0], Range="bytes=9999999-")
    refused("PreconditionFailed", s3.get_object, Bucket=bucket, Key=keys[0], IfMatch="other")
    refused("304", s3.get_object, Bucket=bucket, Key=keys[0], IfNoneMatch=found["ETag"])
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key=f"{logs}none")
    refused("NoSuchVersion", s3.get_object, Bucket=bucket, Key=keys[0], VersionId="other")
    refused("NotImplemented", s3.list_object_versions, Bucket=bucket)
    wrong = dict(admin, aws_secret_access_key="wrong")
    refused("SignatureDoesNotMatch", aws.client("s3", wrong).list_objects_v2, Bucket=bucket)


@check
def digests_validate(aws):
    """The AWS CLI checks the digests: their signatures, their chain, and the hashes of the log files."""
    admin = aws.assume(MANAGEMENT, "Admin")
    trail = aws.client("cloudtrail", admin)
    [described] = trail.describe_trails()["trailList"]
    assert described["S3BucketName"] == f"cloudtrail-{MANAGEMENT}" and described["LogFileValidationEnabled"]
    [key] = trail.list_public_keys()["PublicKeyList"]
    assert key["Value"] and len(key["Fingerprint"]) == 32
    session = {"AWS_ACCESS_KEY_ID": admin["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": admin["aws_secret_access_key"],
               "AWS_SESSION_TOKEN": admin["aws_session_token"]}
    environment = {**os.environ, **aws.environment, **session, "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull,
                   "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2 * 86_400))
    done = subprocess.run(
        ["aws", "cloudtrail", "validate-logs", "--trail-arn", described["TrailARN"], "--account-id", MEMBER,
         "--start-time", start, "--region", "us-east-1"], env=environment, capture_output=True, text=True)
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "digest files valid" in output and "log files valid" in output, output
    assert "INVALID" not in output, output


@check
def event_history(aws):
    account = "333333333306"  # which no other check uses
    session = aws.assume(account, "Admin")
    trail = aws.client("cloudtrail", session)
    # The endpoint is custom, so boto3 signs for this Region; IAM's calls are nevertheless recorded in us-east-1.
    iam = aws.client("iam", session, "eu-central-1")
    for number in range(60):
        iam.create_user(UserName=f"user-{number:02}")

    def found(key, value, client=trail, **more):
        attributes = [{"AttributeKey": key, "AttributeValue": value}]
        return pages(client, "lookup_events", "Events", LookupAttributes=attributes, **more)

    created = found("EventName", "CreateUser")
    assert len(created) == len({event["EventId"] for event in created}) == 60
    times = [event["EventTime"] for event in created]
    assert times == sorted(times, reverse=True) and times[0].microsecond == 0 and times[0].tzinfo
    newest = created[0]
    assert set(newest) == {"EventId", "EventName", "EventSource", "EventTime", "ReadOnly", "AccessKeyId", "Username",
                           "Resources", "CloudTrailEvent"}
    record = json.loads(newest["CloudTrailEvent"])
    assert (record["eventID"], record["awsRegion"]) == (newest["EventId"], "us-east-1")
    assert (newest["EventSource"], newest["ReadOnly"], newest["Username"]) == ("iam.amazonaws.com", "false", "driver")
    name = record["requestParameters"]["userName"]
    assert newest["Resources"] == [{"ResourceType": "AWS::IAM::User", "ResourceName": name}]
    for key, value, count in [
            ("EventId", newest["EventId"], 1), ("ResourceName", name, 1), ("ResourceName", name[:-1], 0),
            ("ResourceType", "AWS::IAM::User", 60), ("ReadOnly", "false", 60), ("Username", "Admin", 0),
            ("EventSource", "iam.amazonaws.com", 60), ("EventSource", "IAM.amazonaws.com", 0)]:
        # Everyday records are older.
        assert len(found(key, value, StartTime=times[-1])) == count, (key, value)
    assert len(found("AccessKeyId", session["aws_access_key_id"], StartTime=times[-1], EndTime=times[0])) >= 60
    other = aws.client("cloudtrail", aws.assume("333333333304", "Admin"))
    assert found("EventName", "CreateUser", other) == []
    assert pages(trail, "lookup_events", "Events", EventCategory="insight") == []

    first = trail.lookup_events(MaxResults=10)
    assert first["Events"] == [] and first["NextToken"], "an empty page is not the end"
    assert len(trail.lookup_events(MaxResults=10, NextToken=first["NextToken"])["Events"]) == 10
    refused("InvalidNextTokenException", trail.lookup_events, MaxResults=11, NextToken=first["NextToken"])
    refused("InvalidNextTokenException", trail.lookup_events, NextToken="nonsense")
    refused("InvalidMaxResultsException", trail.lookup_events, MaxResults=51)
    refused("InvalidTimeRangeException", trail.lookup_events, StartTime=1_700_000_001, EndTime=1_700_000_000)
    refused("InvalidEventCategoryException", trail.lookup_events, EventCategory="data")
    user = {"AttributeKey": "Username", "AttributeValue": "driver"}
    refused("InvalidLookupAttributesException", trail.lookup_events, LookupAttributes=[user, user])
    refused("InvalidLookupAttributesException", trail.lookup_events,
            LookupAttributes=[{"AttributeKey": "SourceIp", "AttributeValue": "192.0.2.1"}])
    reader = aws.client("cloudtrail", aws.assume(account, "Reader"))
    error = refused("AccessDeniedException", reader.lookup_events)
    assert "no identity-based policy allows the cloudtrail:LookupEvents action" in str(error)


@check
def mfa_codes_work_once(aws):
    """Generates codes from the secret that `range show` prints, like an authenticator app. Each code works once."""
    shown = subprocess.run([sys.argv[1], "range", "show", "--json", "--scenario",
                            pathlib.Path(__file__).with_name("range.toml")], capture_output=True, text=True, check=True)
    device = json.loads(shown.stdout)
    sts = aws.client("sts")
    with_code = lambda: sts.get_session_token(
        SerialNumber=device["mfa_serial"], TokenCode=totp(device["mfa_secret"]))
    session = keys_of(with_code())
    refused("AccessDenied", with_code)
    refused("AccessDenied", aws.assume, MEMBER, "Careful", session)
    aws.assume(MEMBER, "Careful", session, ExternalId="s3cret")


def totp(secret):
    step = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), step, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@check
def bad_requests(aws):
    """Requests that no SDK would send: each gets an error response, and the range keeps running."""

    def send(body, **headers):
        connection = http.client.HTTPConnection(aws.endpoint.removeprefix("http://"), timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

    json_type = "application/x-amz-json-1.1"
    target = "Logs_20140328.DescribeLogGroups"
    status, body = send("{}", Content_Type=json_type, X_Amz_Target=target)
    assert (status, "MissingAuthenticationToken" in body) == (400, True), body
    status, body = send("{}", Content_Type=json_type, X_Amz_Target=target, Authorization="AWS AKID:sig")
    assert (status, "IncompleteSignature" in body) == (400, True), body
    status, body = send("{", Content_Type=json_type, X_Amz_Target="Nothing.At.All")
    assert (status, "UnknownOperationException" in body) == (400, True), body
    status, body = send("Action=ListUsers&Version=2010-05-08", Content_Type="application/x-www-form-urlencoded")
    assert (status, "<Code>MissingAuthenticationToken</Code>" in body) == (403, True), body
    signed = aws.client("logs")
    signed.meta.events.register("before-sign.logs.DescribeLogGroups", lambda request, **_: setattr(request, "data", b"{nonsense"))
    refused("SerializationException", signed.describe_log_groups)
    large = aws.client("logs")
    large.meta.events.register("before-sign.logs.DescribeLogGroups",
                               lambda request, **_: setattr(request, "data", b'{"x":"' + b"y" * 10_000_000 + b'"}'))
    refused("RequestEntityTooLargeException", large.describe_log_groups)
    admin = aws.client("logs", aws.assume(MEMBER, "Admin"))
    refused("UnknownOperationException", admin.describe_metric_filters)
    refused("InvalidAction", aws.client("iam", aws.assume(MEMBER, "Admin")).list_policies)
    refused("InternalFailure", aws.client("iam").list_account_aliases)
    assert aws.client("sts").get_caller_identity()


@check
def the_aws_cli(aws):
    def cli(*arguments):
        environment = {**os.environ, **aws.environment, "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull,
                       "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        done = subprocess.run(["aws", *arguments, "--output", "json"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    assert cli("sts", "get-caller-identity")["Account"] == MANAGEMENT
    assert len(cli("organizations", "list-accounts", "--query", "Accounts[*].Id")) >= 45
    assert cli("logs", "describe-log-groups", "--query", "logGroups[*].logGroupName") == ["aws-controltower/CloudTrailLogs"]
    assert cli("ec2", "describe-regions", "--query", "Regions[*].RegionName")
    assert cli("iam", "list-users", "--query", "Users[*].UserName") == ["administrator", "responder"]
    assert cli("cloudtrail", "describe-trails")["trailList"]


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
