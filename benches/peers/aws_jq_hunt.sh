#!/bin/sh
# The hunt as a loop over the AWS CLI and jq: one account, Region and log group after the other.
# usage: aws_jq_hunt.sh BIN PATTERN START-MS REGION...
aws=$1/aws pattern=$2 start=$3
shift 3
self=$("$aws" sts get-caller-identity | jq -r .Account)
for account in $("$aws" organizations list-accounts | jq -r '.Accounts[] | select(.Status == "ACTIVE") | .Id'); do
  [ "$account" != "$self" ] || continue
  role=arn:aws:iam::$account:role/OrganizationAccountAccessRole
  keys=$("$aws" sts assume-role --role-arn "$role" --role-session-name hunt | jq -r '.Credentials | "AWS_ACCESS_KEY_ID=\(.AccessKeyId) AWS_SECRET_ACCESS_KEY=\(.SecretAccessKey) AWS_SESSION_TOKEN=\(.SessionToken)"')
  for region in "$@"; do
    for group in $(env $keys "$aws" logs describe-log-groups --region "$region" | jq -r '.logGroups[].logGroupName'); do
      env $keys "$aws" logs filter-log-events --region "$region" --log-group-name "$group" --start-time "$start" \
        --filter-pattern "$pattern" | jq -r '.events[].message'
    done
  done
done
