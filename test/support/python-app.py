# A small shop that reports its errors with Debian's Sentry SDK for Python, run in a process of its own by the journeys.
# usage: python3 python-app.py   with SENTRY_DSN set and a JSON list of customer ids on standard input.
import json
import os
import sys

import sentry_sdk

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], release="shop@2.4.1", environment="staging")


def apply_coupon(basket):
    return basket["coupon"]["total"]


for customer in json.load(sys.stdin):
    with sentry_sdk.push_scope() as scope:
        scope.set_user({"id": customer})
        try:
            apply_coupon({})
        except KeyError as error:
            sentry_sdk.capture_exception(error)
sentry_sdk.flush(15)
print(sentry_sdk.VERSION)
