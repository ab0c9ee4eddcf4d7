"""Resolves profiles as aws-vault, granted, saml2aws, Leapp and the AWS CLI write them, and compares the access key, the
Region and the roles that dragnet uses with those of botocore.

usage: profiles.py <DRAGNET>      (<DRAGNET>: path of the binary; needs botocore; makes no connections to other machines)
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

# Prints the access key and the Region that botocore uses for a profile.
RESOLVE = """
import json, sys
import botocore.session
session = botocore.session.Session(profile=sys.argv[1] or None)
credentials = session.get_credentials()
key = credentials and credentials.get_frozen_credentials().access_key
print(json.dumps([key, session.get_config_variable("region")]))
"""
# Prints credentials whose key depends on the name of the tool.
TOOL = """#!/bin/sh
test -z "$CHAT_URL" || exit 9
printf '{"Version":1,"AccessKeyId":"ASIA%s","SecretAccessKey":"s","SessionToken":"t","Expiration":"2099-01-01T00:00:00Z"}' %s
"""
STS = """<?xml version="1.0"?><{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}
</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"""
IDENTITY = ("<Arn>arn:aws:sts::111111111111:assumed-role/Source/x</Arn><UserId>AROA:x</UserId>"
            "<Account>111111111111</Account>")
ASSUMED = ("<Credentials><AccessKeyId>ASIAASSUMEDROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
           "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
           "<AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/Role/x</Arn>"
           "<AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>")

# Sources of the forms: aws-vault, USAGE.md; granted, pkg/cfaws (`granted sso populate`); saml2aws,
# pkg/awsconfig (`AWSCredentials`); docs.leapp.cloud, "Credential process"; AWS CLI user guide.
CASES = [
    ("aws-vault", "jon", """
[default]
region = us-east-1
[profile jon]
mfa_serial = arn:aws:iam::111111111111:mfa/jon
credential_process = aws-vault export --format=json jon
region = eu-west-2
""", ""),
    ("aws-vault, a role above it", "jon_role", """
[profile jon]
mfa_serial = arn:aws:iam::111111111111:mfa/jon
credential_process = aws-vault exec jon --json
[profile jon_role]
source_profile = jon
role_arn = arn:aws:iam::222222222222:role/Role
external_id = between-us
region = eu-west-1
""", ""),
    ("aws-vault, include_profile", "work", """
[profile base]
region = eu-north-1
[profile work]
include_profile = base
credential_process = aws-vault export --format=json work  # for work
region = us-west-2
""", ""),
    ("granted", "Company Production/Admin Access", """
[profile 'Company Production/Admin Access']
granted_sso_start_url      = https://example.awsapps.com/start
granted_sso_region         = ap-southeast-2
granted_sso_account_id     = 123456789012
granted_sso_role_name      = DevRole
common_fate_generated_from = aws-sso
credential_process         = granted credential-process --profile 'Company Production/Admin Access'
region                     = ap-southeast-2
""", ""),
    ("granted, plain name", "testing/DevRole", """
[profile testing/DevRole]
granted_sso_start_url = https://example.awsapps.com/start
granted_sso_region = ap-southeast-2
credential_process = granted credential-process --profile testing/DevRole --url https://commonfate.example.com
region = eu-west-3
""", ""),
    ("saml2aws", "saml", """
[profile saml]
region = us-east-2
""", """
[saml]
aws_access_key_id        = ASIASAML
aws_secret_access_key    = s
aws_session_token        = t
aws_security_token       = t
x_principal_arn          = arn:aws:sts::111111111111:assumed-role/Developer/first.last
x_security_token_expires = 2099-01-02T00:47:31+02:00
region                   = eu-west-1
"""),
    ("saml2aws, credential_process", "adfs", """
[profile adfs]
credential_process = saml2aws login --skip-prompt --quiet --credential-process --profile adfs
region = us-east-1
""", ""),
    ("Leapp, credentials file", "", "", """
[default]
aws_session_token=t
aws_secret_access_key=s
aws_access_key_id=ASIALEAPPDEFAULT
region=eu-central-1
"""),
    ("Leapp, credential process", "leapp", """
[profile leapp]
credential_process=leapp session generate 7f6ed8a3-0d9f-4d4a-9d31-3f6a2f0a7a44
region=eu-west-1
""", ""),
    ("aws-mfa: a session beside mfa_serial", "mfa", """
[profile mfa]
mfa_serial = arn:aws:iam::111111111111:mfa/alice
region = eu-west-1
""", """
[mfa]
aws_access_key_id = ASIAMFA
aws_secret_access_key = s
aws_session_token = t
"""),
    ("aws configure, quoted name", "My MacBook Pro", """
[profile 'My MacBook Pro']
region = eu-west-1
output = json
""", """
[My MacBook Pro]
aws_access_key_id = AKIAMACBOOK
aws_secret_access_key = s
"""),
    ("double quotes", "admin@prod", """
[profile "admin@prod"]
region = sa-east-1
aws_access_key_id = AKIAADMIN
aws_secret_access_key = s
""", ""),
    ("not ASCII", "café", """
[profile café]
region = eu-west-3
aws_access_key_id = AKIACAFE
aws_secret_access_key = s
""", ""),
    ("indented, with colons and comments", "odd", """
# a comment
[profile odd]
  region: ca-central-1
  ; another
  aws_access_key_id : AKIAODD
  aws_secret_access_key : s/+=:
  s3 =
    max_concurrent_requests = 20
""", ""),
    ("keys in the credentials file precede a process", "both", """
[profile both]
credential_process = leapp session generate x
region = us-east-1
""", """
[both]
aws_access_key_id = AKIAFILE
aws_secret_access_key = s
"""),
    ("a process precedes keys in the config file", "both", """
[profile both]
credential_process = leapp session generate x
aws_access_key_id = AKIACONFIG
aws_secret_access_key = s
region = us-east-1
""", ""),
    ("a source_profile with keys and a role", "outer", """
[profile outer]
source_profile = inner
role_arn = arn:aws:iam::222222222222:role/Outer
region = us-east-1
[profile inner]
source_profile = nobody
role_arn = arn:aws:iam::222222222222:role/Inner
aws_access_key_id = AKIAINNER
aws_secret_access_key = s
""", ""),
    ("a chain of roles", "last", """
[profile last]
source_profile = middle
role_arn = arn:aws:iam::333333333333:role/Last
region = us-east-1
[profile middle]
source_profile = 'not this'
source_profile = key holder
role_arn = arn:aws:iam::222222222222:role/Middle
[profile 'key holder']
aws_access_key_id = AKIAHOLDER
aws_secret_access_key = s
""".replace("source_profile = 'not this'\n", ""), ""),
    ("a profile that is its own source", "self", """
[profile self]
source_profile = self
role_arn = arn:aws:iam::222222222222:role/Self
aws_access_key_id = AKIASELF
aws_secret_access_key = s
region = us-east-1
""", ""),
]
# With variables of the environment, and no profile on the command line.
ENVIRONMENTS = [
    ("AWS_DEFAULT_PROFILE", {"AWS_DEFAULT_PROFILE": "one"}),
    ("AWS_PROFILE", {"AWS_PROFILE": "two"}),
    ("both", {"AWS_DEFAULT_PROFILE": "one", "AWS_PROFILE": "two"}),
    ("keys and a profile", {"AWS_PROFILE": "two", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}),
    ("credential_source", {"AWS_PROFILE": "role", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}),
]
ENVIRONMENT_CONFIG = """
[profile one]
aws_access_key_id = AKIAONE
aws_secret_access_key = s
region = eu-west-1
[profile two]
aws_access_key_id = AKIATWO
aws_secret_access_key = s
region = eu-west-2
[profile role]
role_arn = arn:aws:iam::222222222222:role/Role
credential_source = Environment
region = eu-west-3
"""


class Sts(http.server.BaseHTTPRequestHandler):
    """Answers GetCallerIdentity and AssumeRole, refuses everything else, and records what was asked."""

    protocol_version = "HTTP/1.1"
    calls = []

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("content-length", 0))).decode())
        action = form.get("Action", ["?"])[0]
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", self.headers.get("authorization", ""))
        self.calls.append((action, *(scope.groups() if scope else (None, None)), form.get("RoleArn", [None])[0],
                           form.get("ExternalId", [None])[0]))
        result = {"GetCallerIdentity": IDENTITY, "AssumeRole": ASSUMED}.get(action)
        if result:
            self.answer(200, STS.format(action=action, result=result))
        else:
            self.answer(400, '{"__type":"AccessDeniedException","message":"no"}')

    do_GET = do_POST

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def write_home(home, config, credentials):
    folder = pathlib.Path(home, ".aws")
    folder.mkdir()
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    tools = pathlib.Path(home, "tools")
    tools.mkdir()
    for tool in ("aws-vault", "granted", "saml2aws", "leapp"):
        file = tools / tool
        file.write_text(TOOL % ("%s", tool.replace("-", "").upper()))
        file.chmod(0o755)


def compare(name, dragnet, endpoint, profile, variables, config, credentials):
    with tempfile.TemporaryDirectory() as home:
        write_home(home, config, credentials)
        environment = {"HOME": home, "PATH": f"{home}/tools:{os.environ['PATH']}", "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_ENDPOINT_URL": endpoint, "NO_PROXY": "127.0.0.1", **variables}
        Sts.calls.clear()
        resolved = subprocess.run([sys.executable, "-c", RESOLVE, profile], env=environment, capture_output=True, text=True)
        assert resolved.returncode == 0, f"{name}: botocore: {resolved.stderr}"
        key, region = json.loads(resolved.stdout)
        roles = [(key, arn, external_id) for action, key, _, arn, external_id in Sts.calls if action == "AssumeRole"]
        Sts.calls.clear()
        command = [dragnet, "doctor", *(["--profile", profile] if profile else [])]
        pathlib.Path(home, "dragnet.toml").write_text(
            '[[watch.sink]]\nname = "chat"\nkind = "slack"\nurl_env = "CHAT_URL"\n')
        ran = subprocess.run(command, env={**environment, "CHAT_URL": "https://chat.example/"}, cwd=home,
                             capture_output=True, text=True)
        calls = list(Sts.calls)
        printed = f"{name}\n{ran.stdout}{ran.stderr}\n{calls}"
        first = next((call for call in calls if call[0] == "GetCallerIdentity"), None)
        assert first, printed
        # The roles of the profile come before those that dragnet assumes in accounts.
        assumed = [(key, arn, external_id) for action, key, _, arn, external_id in calls if action == "AssumeRole"]
        assert assumed[:len(roles)] == roles, f"{printed}\nexpected {roles}"
        expected = roles[0][0] if roles else key
        assert first[1] == expected, f"{printed}\nexpected the key {expected}"
        assert first[2] == region, f"{printed}\nexpected the Region {region}"
        print(f"ok     {name}: {expected}, {region}, {len(roles)} roles")


def main():
    dragnet = os.path.abspath(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    for name, profile, config, credentials in CASES:
        compare(name, dragnet, endpoint, profile, {}, config, credentials)
    for name, variables in ENVIRONMENTS:
        compare(name, dragnet, endpoint, "", variables, ENVIRONMENT_CONFIG, "")


main()
