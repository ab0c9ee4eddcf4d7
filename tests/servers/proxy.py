"""Sweeps a served practice range through a forward proxy, over TLS with the certificate of a private CA: every call goes
through the proxy, for the endpoints of AWS, also with FIPS and dual-stack endpoints.

usage: proxy.py <DRAGNET>      (<DRAGNET>: path of the binary; needs cryptography; makes no connections to other machines)
"""

import base64
import datetime
import http.client
import http.server
import ipaddress
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from served_range import ServedRange

PASSWORD = "p@ss word"
# The hosts of AWS's endpoints that the sweep uses.
HOSTS = ["*.amazonaws.com", "*.us-east-1.amazonaws.com", "*.eu-west-1.amazonaws.com", "*.us-west-2.amazonaws.com",
         "*.eu-central-1.amazonaws.com", "*.ap-east-1.amazonaws.com", "*.api.aws", "*.us-east-1.api.aws",
         "*.eu-west-1.api.aws", "*.us-west-2.api.aws", "*.eu-central-1.api.aws", "*.s3.us-east-1.amazonaws.com",
         "*.s3.eu-west-1.amazonaws.com", "*.s3.eu-central-1.amazonaws.com", "*.s3.us-west-2.amazonaws.com"]


def certificate(name, issuer, hosts=None):
    """Returns a key and a certificate; without an issuer, that of a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key, issuer_certificate = issuer or (key, None)
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_certificate.subject if issuer_certificate else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if hosts:
        names = [x509.DNSName(host) for host in hosts] + [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return key, builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Range(ServedRange):
    """A served practice range, and its address."""

    def __init__(self, dragnet):
        super().__init__(dragnet)
        self.address = self.environment.pop("AWS_ENDPOINT_URL").removeprefix("http://")


def forwarder(address):
    """Returns a handler that forwards requests to the range as they are, with their host."""

    class Forwarder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = forward

        def log_message(self, *_):
            pass

    return Forwarder


class TlsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, folder, issuer):
        key, server = certificate("aws", issuer, HOSTS)
        file = pathlib.Path(folder, "server.pem")
        file.write_bytes(key_pem(key) + pem(server))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)
        super().__init__(("127.0.0.1", 0), forwarder(address))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        # In the thread of the connection, so that a client that refuses the certificate does not block others.
        with self.context.wrap_socket(request, server_side=True) as encrypted:
            self.RequestHandlerClass(encrypted, client_address, self)

    def handle_error(self, request, client_address):
        pass


class Proxy:
    """A forward proxy that tunnels every host to the TLS server, and records the hosts."""

    def __init__(self, port, authorization=None):
        self.target = ("127.0.0.1", port)
        self.authorization = authorization
        self.hosts = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(4096)
            if not more:
                return
            head += more
        lines = head.decode().split("\r\n")
        method, host, _ = lines[0].split(" ")
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:] if ":" in line}
        if method != "CONNECT":
            self.hosts.append(f"{method} {host}")
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
            return client.close()
        if self.authorization and headers.get("proxy-authorization") != self.authorization:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return client.close()
        self.hosts.append(host)
        server = socket.create_connection(self.target)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=copy, args=(client, server), daemon=True).start()
        copy(server, client)


def copy(source, sink):
    try:
        while content := source.recv(65536):
            sink.sendall(content)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def run(dragnet, aws, home, arguments, **variables):
    environment = {"HOME": home, "PATH": os.environ["PATH"], **aws.environment, **variables}
    command = [dragnet, *arguments, "--progress", "none"]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=300)


SWEEP = ["sweep", "198.51.100.23", "--since", "24h", "--sources", "logs", "-o", "jsonl"]


def sightings(ran):
    return sorted(ran.stdout.splitlines())


def main():
    dragnet = os.path.abspath(sys.argv[1])
    aws = Range(dragnet)
    try:
        with tempfile.TemporaryDirectory() as folder:
            authority = certificate("Private CA", None)
            bundle = pathlib.Path(folder, "ca.pem")
            bundle.write_bytes(pem(authority[1]))
            server = TlsServer(aws.address, folder, authority)
            check(dragnet, aws, server, str(bundle), folder)
    finally:
        aws.end()


def check(dragnet, aws, server, bundle, folder):
    def home(name):
        path = pathlib.Path(folder, name)
        path.mkdir()
        return str(path)

    direct = run(dragnet, aws, home("direct"), SWEEP, AWS_ENDPOINT_URL=f"http://{aws.address}")
    expected = sightings(direct)
    assert expected, direct.stderr

    proxy = Proxy(server.server_port)
    through = run(dragnet, aws, home("through"), SWEEP, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", AWS_CA_BUNDLE=bundle)
    assert len(sightings(through)) == len(expected), through.stderr
    assert through.returncode == direct.returncode, through.stderr
    services = {host.split(".")[0] for host in proxy.hosts}
    assert {"sts", "organizations", "logs", "ec2", "cloudtrail"} <= services, services
    assert all(host.endswith(".amazonaws.com:443") for host in proxy.hosts), proxy.hosts
    print(f"ok     {len(proxy.hosts)} connections through the proxy, {len(expected)} sightings as without it")

    secret = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    proxy = Proxy(server.server_port, f"Basic {secret}")
    # In lower case, without a scheme, and with a password.
    quoted = PASSWORD.replace("@", "%40").replace(" ", "%20")
    ran = run(dragnet, aws, home("lower"), ["doctor", "--account", "prod-web"],
              https_proxy=f"user:{quoted}@127.0.0.1:{proxy.port}", AWS_CA_BUNDLE=bundle)
    assert proxy.hosts and "user/responder" in ran.stdout, ran.stdout + ran.stderr
    print("ok     a proxy with a password, in lower case")
    ran = run(dragnet, aws, home("refused"), SWEEP, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", AWS_CA_BUNDLE=bundle)
    assert ran.returncode == 1 and "AWS cannot be reached" in ran.stderr, ran.stderr
    print("ok     a proxy that refuses is named at once")

    proxy = Proxy(server.server_port)
    url = f"https://127.0.0.1:{server.server_port}"
    ran = run(dragnet, aws, home("no-proxy"), ["doctor", "--account", "prod-web"], AWS_ENDPOINT_URL=url, AWS_CA_BUNDLE=bundle,
              HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", NO_PROXY="127.0.0.1")
    assert not proxy.hosts and "user/responder" in ran.stdout, ran.stdout + ran.stderr
    print("ok     NO_PROXY")
    ran = run(dragnet, aws, home("plain"), ["doctor", "--account", "prod-web"], AWS_ENDPOINT_URL=f"http://{aws.address}",
              HTTP_PROXY=f"http://127.0.0.1:{proxy.port}", HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
    assert not proxy.hosts and "user/responder" in ran.stdout, ran.stdout + ran.stderr
    print("ok     plain HTTP to this host never goes through a proxy")

    ran = run(dragnet, aws, home("unknown-ca"), SWEEP, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
    assert ran.returncode == 1 and "AWS_CA_BUNDLE" in ran.stderr, ran.stderr
    print("ok     an unknown CA is named at once")

    profile = home("profile")
    pathlib.Path(profile, ".aws").mkdir()
    pathlib.Path(profile, ".aws", "config").write_text(
        f"[profile corporate]\nca_bundle = {bundle}\nuse_fips_endpoint = true\nregion = us-east-1\n"
        f"aws_access_key_id = {aws.environment['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {aws.environment['AWS_SECRET_ACCESS_KEY']}\n")
    proxy = Proxy(server.server_port)
    ran = run(dragnet, aws, profile, ["doctor", "--account", "prod-web", "--profile", "corporate"],
              HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
    assert "user/responder" in ran.stdout, ran.stdout + ran.stderr
    assert "sts-fips.us-east-1.amazonaws.com:443" in proxy.hosts, proxy.hosts
    print("ok     ca_bundle and use_fips_endpoint of a profile")

    for variable, part in (("AWS_USE_FIPS_ENDPOINT", "sts-fips."), ("AWS_USE_DUALSTACK_ENDPOINT", ".api.aws:443")):
        proxy = Proxy(server.server_port)
        run(dragnet, aws, home(variable), ["doctor", "--account", "prod-web"], AWS_CA_BUNDLE=bundle,
            HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}", **{variable: "true"})
        assert any(part in host for host in proxy.hosts), (variable, proxy.hosts)
        print(f"ok     {variable}: {proxy.hosts[0]}")


main()
