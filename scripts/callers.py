#!/usr/bin/env python3
"""Callers that cost others something, for scripts/callers.sh: each runs until its time is over, or it is ended.

  callers.py unread HOST:PORT SECONDS              400 connections ask for the API's document again and again, and read nothing
  callers.py flood HOST:PORT SECONDS               4 connections show a wrong token, as fast as they can
  callers.py read HOST:PORT SECONDS PATH [COUNT]   COUNT connections (1) read PATH; prints how many a second, p50 and p99 in ms
"""
import http.client
import socket
import sys
import threading
import time


def connected(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=5)


def unread(address, until):
    asked = f"GET /openapi.json HTTP/1.1\r\nHost: {address}\r\n\r\n".encode() * 80
    open_ones = []
    while time.time() < until:
        while len(open_ones) < 400 and time.time() < until:
            try:
                one = connected(address)
                one.setblocking(False)
                one.send(asked)
                open_ones.append(one)
            except OSError:
                time.sleep(0.05)
        time.sleep(0.2)


def flood(address, until):
    asked = f"GET /v1/orders HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer jumun_wrong\r\n\r\n".encode() * 200

    def one():
        while time.time() < until:
            try:
                with connected(address) as c:
                    c.settimeout(0.2)
                    while time.time() < until:
                        c.sendall(asked)
                        while c.recv(1 << 18):
                            if time.time() > until:
                                return
                            c.setblocking(False)
                            try:
                                while c.recv(1 << 18):
                                    pass
                            except BlockingIOError:
                                pass
                            c.settimeout(0.2)
                            break
            except OSError:
                time.sleep(0.001)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def read(address, until, path, count):
    took, bad, lock, began = [], [], threading.Lock(), time.time()

    def one():
        c = http.client.HTTPConnection(address, timeout=30)
        while time.time() < until:
            at = time.time()
            try:
                c.request("GET", path)
                response = c.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                c.close()
                continue
            with lock:
                took.append(time.time() - at)
                if response.status != 200:
                    bad.append(response.status)
            time.sleep(0.002)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if bad:
        sys.exit(f"{path}: {len(bad)} answers were not 200, the first {bad[0]}")
    took.sort()
    p = lambda q: took[min(len(took) - 1, int(len(took) * q))] * 1000 if took else 0
    print(f"{len(took) / (time.time() - began):.0f} {p(0.5):.1f} {p(0.99):.1f}")


def main():
    what, address, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    until = time.time() + seconds
    if what == "read":
        read(address, until, sys.argv[4], int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    else:
        {"unread": unread, "flood": flood}[what](address, until)


main()
