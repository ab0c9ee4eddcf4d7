"""The hunt as a botocove script: accounts and Regions side by side, log groups one after the other.

usage: botocove_hunt.py PATTERN START-MS REGION...
"""

import sys

from botocove import cove

PATTERN, START, REGIONS = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


@cove(regions=REGIONS)
def hunt(session):
    logs = session.client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            events = logs.get_paginator("filter_log_events")
            for page in events.paginate(logGroupName=group["logGroupName"], startTime=START, filterPattern=PATTERN):
                for event in page["events"]:
                    print(event["message"])


for failed in hunt()["Exceptions"]:
    print("failed:", failed["Id"], failed["Region"], failed["ExceptionDetails"], file=sys.stderr)
