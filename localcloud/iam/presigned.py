"""Presigned URLs of S3: signatures in the query instead of the Authorization header.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import time
from calendar import timegm
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "localcloud.presigned"
"""What the query said, in the WSGI environment."""
NEEDED = ("Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires")
LONGEST = 604_800
CLOCK_SKEW = 900


class Unusable(Exception):
    """The query's signature need not even be computed; `code` and `message` are S3's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Presigned:
    """The query of a presigned URL: its pairs in their order, and the fault for which it is refused, if any."""

    pairs: list[tuple[str, str]]
    fault: Unusable | None

    @property
    def signed_pairs(self) -> list[tuple[str, str]]:
        """Return the part of the query that the signature covers: all but itself."""
        return [(name, value) for name, value in self.pairs if name != "X-Amz-Signature"]


def unfold(environ: dict[str, Any], now: float) -> None:
    """Put a presigned URL's credential where a signed request has it, and take it out of the query.

    Whoever reads the request afterwards sees one signed by header; `environ[KEY]` remembers that it was not.
    It is `now` seconds since 1970.
    """
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    given = {name.removeprefix("X-Amz-"): value for name, value in pairs if name.startswith("X-Amz-")}
    version_2 = {"AWSAccessKeyId", "Signature"} <= {name for name, _ in pairs}
    if not version_2 and not {"Algorithm", "Credential", "Signature"} & set(given):
        return
    environ[KEY] = made = Presigned(pairs, _fault(environ, given, now))
    if "HTTP_AUTHORIZATION" in environ:
        return
    credential, names, signature = (given.get(name, "") for name in ("Credential", "SignedHeaders", "Signature"))
    if made.fault:  # it may be anything, but must lead to S3, which refuses it
        key = credential.split("/")[0] or dict(pairs).get("AWSAccessKeyId", "")
        credential = f"{key}/19700101/us-east-1/s3/aws4_request"
    environ["HTTP_AUTHORIZATION"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    environ["HTTP_X_AMZ_DATE"] = given.get("Date", "")
    if "Security-Token" in given:
        environ["HTTP_X_AMZ_SECURITY_TOKEN"] = given["Security-Token"]
    mine = {f"X-Amz-{name}" for name in (*NEEDED, "Security-Token")}
    environ["QUERY_STRING"] = urlencode([(name, value) for name, value in pairs if name not in mine])


def _fault(environ: Mapping[str, Any], given: Mapping[str, str], now: float) -> Unusable | None:
    try:
        _check(environ, given, now)
    except Unusable as fault:
        return fault
    return None


def _check(environ: Mapping[str, Any], given: Mapping[str, str], now: float) -> None:
    if "HTTP_AUTHORIZATION" in environ:
        raise Unusable(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
            "Signature query string parameter or the Authorization header should be specified",
        )
    if not given:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingAWSSDK.html: no bucket made since June 2020
        # takes version 2, which boto3 goes on using for URLs in the older regions unless told otherwise.
        message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        raise Unusable("InvalidRequest", message)
    if missing := [name for name in NEEDED if not given.get(name)]:
        raise _malformed(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            f"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters. Missing: {missing}"
        )
    if given["Algorithm"] != "AWS4-HMAC-SHA256":
        raise _malformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
    _check_credential(given["Credential"], given["Date"])
    _check_headers(environ, set(given["SignedHeaders"].split(";")))
    _check_time(given["Date"], given["Expires"], now)


def _check_credential(credential: str, date: str) -> None:
    match credential.split("/"):
        case [_, day, _, "s3", "aws4_request"] if day == date[:8]:
            return
        case [_, day, _, "s3", "aws4_request"]:
            raise _malformed(f'Invalid credential date "{day}". This date is not the same as X-Amz-Date: "{date[:8]}".')
        case _:
            expected = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"'
            raise _malformed(f"Error parsing the X-Amz-Credential parameter; expecting {expected}.")


def _check_headers(environ: Mapping[str, Any], signed: set[str]) -> None:
    sent = {name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_X_AMZ_")}
    if "host" not in signed or sent - signed:
        raise Unusable("AccessDenied", "There were headers present in the request which were not signed")


def _check_time(date: str, expires: str, now: float) -> None:
    if not expires.lstrip("-").isdigit():
        raise _malformed("X-Amz-Expires should be a number")
    if not 0 <= int(expires) <= LONGEST:
        raise _malformed(f"X-Amz-Expires must be non-negative and less than a week (in seconds) that is {LONGEST}")
    try:
        signed_at = timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"") from None
    if now < signed_at - CLOCK_SKEW:
        raise Unusable("AccessDenied", "Request is not yet valid")
    if now > signed_at + int(expires):
        raise Unusable("AccessDenied", "Request has expired")


def _malformed(message: str) -> Unusable:
    return Unusable("AuthorizationQueryParametersError", message)
