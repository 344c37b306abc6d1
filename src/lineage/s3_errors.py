"""what an S3 server refuses, or why none answers -> half a sentence that says what to do"""

from typing import Any

from src.lineage.folder import PUSH

KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in .env, which set-up copies to .dvc/config.local"
FOREIGN = "something answers there that is not S3: stop it, or choose another MINIO_PORT in .env"
SILENT = "no server answers there: `make run` starts MinIO; another S3 stands there by AWS_ENDPOINT_URL_S3 in .env"
REFUSALS = {
    "SignatureDoesNotMatch": f"wrong credentials, the secret key is not the server's: see {KEYS}",
    "InvalidAccessKeyId": f"wrong credentials, it does not know the access key: see {KEYS}",
    "InvalidToken": f"wrong credentials, it refuses the session token: see {KEYS}",
    "ExpiredToken": f"old credentials, the session token has expired: see {KEYS}",
    "AccessDenied": "these credentials may not use the bucket",
    "NoSuchKey": f"it does not hold the object: {PUSH}",
    "BucketAlreadyExists": "the bucket's name is taken by somebody else: choose another LASTRO_BUCKET in .env",
    "InvalidBucketName": "this is no valid name of a bucket: choose another LASTRO_BUCKET in .env",
    "AuthorizationHeaderMalformed": "the region is not the bucket's: see AWS_DEFAULT_REGION in .env",
    "PermanentRedirect": "the region is not the bucket's: see AWS_DEFAULT_REGION in .env",
    "RequestTimeTooSkewed": "this machine's clock differs from the server's by more than 15 minutes",
}


def refusal(response: Any, code: str) -> str:
    """Return why the server refuses, by its error response and the code in it."""
    if code == "NoSuchBucket":
        return "there is no such bucket: `python -m src.lineage.storage` makes it"
    if code in REFUSALS:
        return REFUSALS[code]
    is_s3 = "x-amz-request-id" in response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return f"it answers {code}: {response['Error'].get('Message')}" if is_s3 else FOREIGN


def failure(error: Exception) -> str:
    """Return why no answer came, or none that S3 gives."""
    from botocore import exceptions as known
    from botocore.parsers import ResponseParserError

    if isinstance(error, known.NoCredentialsError | known.PartialCredentialsError):
        return f"no credentials: `. ./activate` sets them for a terminal; see {KEYS}"
    if isinstance(error, known.SSLError):
        return f"no TLS connection is possible: {error}"
    if isinstance(error, known.ConnectionError):
        return SILENT
    if isinstance(error, known.HTTPClientError | ResponseParserError):
        return FOREIGN
    return str(error)
