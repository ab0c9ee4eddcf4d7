#!/bin/sh
# What c7n-org runs in every account and Region: awslogs over all log groups, four at a time.
# usage: awslogs_hunt.sh BIN PATTERN HOURS
export AWS_REGION="$AWS_DEFAULT_REGION"
"$1/awslogs" groups | PATTERN=$2 xargs -P 4 -I '{}' \
  sh -c '"$0" get --no-color --no-group --no-stream --start "$1" --filter-pattern "$PATTERN" "$2" ALL' "$1/awslogs" "$3h ago" '{}'
