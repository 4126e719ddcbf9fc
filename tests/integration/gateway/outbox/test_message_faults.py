"""Messages under faults of mail servers, SMS receivers and workers: nothing lost, the rest goes on.

Everybody is told once; who was being told when a worker or an answer was lost, once more at worst, with the same id.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from gateway.outbox import sending
from gateway.outbox.mail import Mail, MailOptions, send_mail
from gateway.outbox.verdicts import Verdict
from gateway.outbox.ways import verdict_of
from gateway.worker.fleet import look
from gateway.worker.outbox_figures import outbox_metrics
from storage.messages import outbox_figures
from tests.fixtures.api import Api
from tests.fixtures.gateway import eventually
from tests.fixtures.mail import Mailbox, cut_in_data, smtp_server, talking
from tests.fixtures.processes import waybill_process
from tests.integration.gateway.api.test_orders import put, say
from tests.integration.gateway.outbox.telling import Teller
from tests.integration.gateway.outbox.test_customers import ON_THE_WAY
from tests.integration.gateway.outbox.test_webhooks import Receiver, receiver
from waybill.stack.ports import Ports

__all__ = ["receiver"]
TLS = Path(__file__).parents[3] / "fixtures/tls"
ENDED_S = 30  # far above the 1 s that these tests allow, far below what the scripts would go on for


def sent_out(api: Api, count: int, phone: str | None = None) -> None:
    """So many orders leave; customer n is customer-n@example.org."""
    for number in range(count):
        email = f"customer-{number}@example.org"
        put(api, f"w-{number}", customer_email=email, customer_phone=phone)
        say(api, str(1001 + number), *ON_THE_WAY)


def test_a_server_that_is_down_loses_nothing_and_tells_once_when_it_is_back(api: Api, server_ports: Ports) -> None:
    port = server_ports.claim(0)
    teller = Teller(api, port)
    teller.begin()
    sent_out(api, 3)

    down = [teller.tell() for _ in range(3)]
    mailbox = Mailbox()
    with smtp_server(mailbox, port):
        teller.make_due()
        back = teller.send()
        teller.make_due()
        teller.send()

    # Each run tries one message and leaves the way alone then, instead of spending every message's tries.
    assert [(run.tried, run.down) for run in down] == [(1, True)] * 3
    assert (back.tried, back.down) == (3, False)
    assert sorted(one["To"] for one in mailbox.received) == [f"customer-{n}@example.org" for n in range(3)]


def drip(line: socket.socket) -> None:
    for _ in range(600):
        line.sendall(b"2")
        line.settimeout(0.2)
        try:
            if not line.recv(100):
                return
        except TimeoutError:
            continue


def rubbish(line: socket.socket) -> None:
    line.sendall(b"\xff\xfe\x00 HTTP/1.1 418 teapot\r\n")


def flood(line: socket.socket) -> None:
    while True:
        line.sendall(b"220" + b"x" * 100_000)


def greets_and_goes(line: socket.socket) -> None:
    line.sendall(b"220 mail.example\r\n")


def too_busy(line: socket.socket) -> None:
    line.sendall(b"421 4.3.2 too busy\r\n")


@pytest.mark.parametrize("script", [drip, rubbish, flood, greets_and_goes, too_busy, cut_in_data])
def test_a_server_that_is_slow_or_talks_rubbish_is_down_and_ends_in_time(
    script: Callable[[socket.socket], None],
) -> None:
    with talking(script) as port:
        options = MailOptions(host="127.0.0.1", port=port, sender="a@b.example", security="none", most_s=1.0)
        outcome = send_mail(options, a_mail(), true_now())

    assert outcome.verdict is Verdict.DOWN
    assert outcome.said
    assert outcome.took_s < ENDED_S


def drip_http(line: socket.socket) -> None:
    line.recv(10_000)
    for _ in range(600):
        line.sendall(b"H")
        threading.Event().wait(0.1)


def test_a_receiver_that_answers_a_byte_at_a_time_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_S", 1.0)
    with talking(drip_http) as port:
        answer = sending.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)

    assert answer.status is None
    assert verdict_of(answer).verdict is Verdict.DOWN
    assert answer.took_s < ENDED_S


def a_mail(recipient: str = "elina@example.org") -> Mail:
    return Mail(id=uuid4(), recipient=recipient, sender_name="Shop", subject="s", body="b", language="en")


def test_while_mail_is_down_text_messages_and_order_systems_are_told(api: Api, receiver: Receiver) -> None:
    with talking(rubbish) as port:
        teller = Teller(
            api, port, sms_url=receiver.url, channels=("sms", "email"), notify={"every_channel": True}
        )  # fmt: skip
        teller.begin()
        sent_out(api, 2, phone="+358 40 555 0147")
        teller.make()
        mail, texts = teller.send("email"), teller.send("sms")

    assert (mail.down, texts) == (True, type(texts)(tried=2, down=False))
    assert [body["data"]["to"] for body in receiver.bodies] == ["+358405550147"] * 2
    assert receiver.bodies[0]["data"]["text"].startswith("Waybill Demo Store: order 1001 is on its way")
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 2
    assert all("webhook-signature" in headers for headers, _ in receiver.requests)


def test_one_customer_that_is_put_off_or_refused_holds_up_nobody(api: Api, mailbox: Mailbox) -> None:
    mailbox.answers = {
        "customer-0@example.org": "451 4.7.1 greylisted, come again",
        "customer-1@example.org": "550 5.1.1 no such user",
    }
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 3)

    run = teller.tell()
    mailbox.answers.clear()
    teller.make_due()
    teller.send()

    assert (run.tried, run.down) == (3, False)
    assert [one["To"] for one in mailbox.received] == ["customer-2@example.org", "customer-0@example.org"]
    assert sorted(teller.states(), key=str) == [
        ("out_for_delivery", "delivered", None), ("out_for_delivery", "delivered", None),
        ("out_for_delivery", "given_up", "refused: 5.1.1 no such user"),
    ]  # fmt: skip
    assert api.rows("SELECT status FROM waybill.message_attempt ORDER BY at") == [(451,), (550,), (250,), (250,)]


def test_a_refusal_with_a_byte_that_no_record_holds_ends_the_message(api: Api, mailbox: Mailbox) -> None:
    mailbox.answers = {"customer-0@example.org": "550 5.1.1 no\x00 such user"}
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 1)
    teller.tell()

    assert teller.states() == [("out_for_delivery", "given_up", "refused: 5.1.1 no\\0 such user")]
    assert api.rows("SELECT said FROM waybill.message_attempt") == [("5.1.1 no\\0 such user",)]


def test_a_text_that_is_refused_after_all_of_it_is_given_up_with_the_answer(api: Api, mailbox: Mailbox) -> None:
    mailbox.to_data = "554 5.7.1 looks like spam"
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 1)
    teller.tell()

    assert teller.states() == [("out_for_delivery", "given_up", "refused: 5.7.1 looks like spam")]


def test_a_mail_that_was_cut_in_the_middle_comes_once_and_whole(api: Api, server_ports: Ports) -> None:
    port = server_ports.claim(0)
    teller = Teller(api, port)
    teller.begin()
    sent_out(api, 1)
    with talking(cut_in_data) as cutting:
        Teller(api, cutting).tell()
    mailbox = Mailbox()
    with smtp_server(mailbox, port):
        teller.make_due()
        teller.send()

    assert len(mailbox.received) == 1
    assert teller.states() == [("out_for_delivery", "delivered", None)]
    assert api.rows("SELECT count(*) FROM waybill.message_attempt") == [(2,)]


def test_an_answer_that_got_lost_means_once_more_with_the_same_id(api: Api, mailbox: Mailbox) -> None:
    mailbox.hangs_up = True
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 1)
    lost = teller.tell()
    mailbox.hangs_up = False
    teller.make_due()
    teller.send()

    assert lost.down
    assert len(mailbox.ids) == 2
    assert len(set(mailbox.ids)) == 1


def test_monitors_hear_what_waits_and_what_was_given_up(api: Api, mailbox: Mailbox) -> None:
    mailbox.answers = {
        "customer-0@example.org": "550 5.1.1 no such user",
        "customer-1@example.org": "451 4.7.1 greylisted",
    }
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 3)
    teller.tell()

    now = true_now()
    with teller.connected() as connection:
        (figures,) = [one for one in look(connection, now).outbox if one.channel == "email"]
        later = outbox_figures(connection, now + timedelta(hours=1), now)
    assert (figures.waiting, figures.oldest_at, figures.given_up) == (1, None, 1)  # it is not due before a minute
    (due,) = [one for one in later if one.channel == "email"]
    assert due.oldest_at is not None
    samples = {
        (sample.name, sample.labels["channel"]): sample.value
        for family in outbox_metrics(later, now + timedelta(hours=1)) for sample in family.samples
    }  # fmt: skip
    assert samples["waybill_outbox_waiting", "email"] == 1
    assert samples["waybill_outbox_oldest_seconds", "email"] >= 3600


def test_many_senders_at_once_tell_everybody_once(api: Api, mailbox: Mailbox) -> None:
    teller = Teller(api, mailbox.port)
    teller.begin()
    sent_out(api, 6)
    teller.make()

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: teller.send(), range(4)))

    assert sum(run.tried for run in runs) == 6
    assert sorted(one["To"] for one in mailbox.received) == sorted(f"customer-{n}@example.org" for n in range(6))


def test_what_could_not_be_said_for_three_days_is_given_up_and_can_be_sent_again(
    api: Api, mailbox: Mailbox, server_ports: Ports
) -> None:
    teller = Teller(api, server_ports.claim(0))
    teller.begin()
    sent_out(api, 1)
    teller.make()
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.message SET give_up_at = %s", [true_now()])
    teller.send()

    ((kind, outcome, because),) = teller.states()
    assert (kind, outcome) == ("out_for_delivery", "given_up")
    assert str(because).startswith("not delivered in time: ")
    ((message_id,),) = api.rows("SELECT id FROM waybill.message")
    assert api.ask("dispatcher", "POST", f"/v1/messages/{message_id}/resend").status_code == 202
    Teller(api, mailbox.port).send()
    assert len(mailbox.received) == 1


def test_an_sms_receivers_answer_counts_for_the_message_or_for_all(api: Api, receiver: Receiver) -> None:
    teller = Teller(api, sms_url=receiver.url, channels=("sms",))
    teller.begin()
    sent_out(api, 2, phone="0405550147")
    teller.make()

    for status, tried in ((500, 2), (429, 2), (404, 1), (302, 1)):
        receiver.status = status
        teller.make_due()
        assert teller.send().tried == tried, status
        assert {state[1] for state in teller.states()} == {None}, status
    receiver.status = 400
    teller.make_due()
    teller.send()

    assert [state[1] for state in teller.states()] == ["given_up"] * 2


def test_an_sms_receiver_that_talks_rubbish_or_not_at_all_loses_nothing(api: Api, receiver: Receiver) -> None:
    with talking(rubbish) as port:
        teller = Teller(api, sms_url=f"http://127.0.0.1:{port}/", channels=("sms",))
        teller.begin()
        sent_out(api, 1, phone="0405550147")
        runs = [teller.tell()]
    teller.make_due()
    runs.append(teller.send())  # nobody listens any more
    teller.sms_url = receiver.url
    teller.make_due()
    teller.send()

    assert [run.down for run in runs] == [True, True]
    assert len(receiver.requests) == 1


def context(*, server: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.load_cert_chain(TLS / "fullchain.pem", TLS / "privkey.pem")
    return made


def test_tls_and_sign_in_or_nothing_at_all(mailbox: Mailbox, server_ports: Ports) -> None:
    password = "mail-of-the-tests"
    with smtp_server(Mailbox(), server_ports.claim(0), tls=context(server=True), password=password) as guarded:
        good = MailOptions(
            host="localhost", port=guarded.port, sender="orders@shop.example", tls_ca=TLS / "fullchain.pem",
            username="shop", password=password,
        )  # fmt: skip
        told = send_mail(good, a_mail(), true_now())
        replace = msgspec.structs.replace
        wrong = send_mail(replace(good, password="another"), a_mail(), true_now())
        stranger = send_mail(replace(good, tls_ca=None), a_mail(), true_now())
        in_clear = send_mail(replace(good, port=mailbox.port), a_mail(), true_now())

    assert told.verdict is Verdict.DELIVERED
    assert len(guarded.received) == 1
    assert (wrong.verdict, wrong.status) == (Verdict.DOWN, 535)
    assert (stranger.verdict, "certificate verify failed" in stranger.said) == (Verdict.DOWN, True)
    assert (in_clear.verdict, "offers no TLS" in in_clear.said) == (Verdict.DOWN, True)
    assert mailbox.received == []


def test_letters_beyond_ascii_reach_the_customer(mailbox: Mailbox) -> None:
    options = MailOptions(host="127.0.0.1", port=mailbox.port, sender="a@b.example", security="none")
    mail = msgspec.structs.replace(a_mail(), sender_name="Müller & Söhne", subject="Ñandú", body="está en camino ✓")
    plain = send_mail(options, mail, true_now())

    assert plain.verdict is Verdict.DELIVERED
    (got,) = mailbox.received
    assert (got["From"], got["Subject"]) == ("Müller & Söhne <a@b.example>", "Ñandú")
    assert got.get_content().strip() == "está en camino ✓"


def test_a_worker_killed_between_sending_and_remembering_says_it_again_with_the_same_id(
    api: Api, mailbox: Mailbox, tmp_path: Path
) -> None:
    environ = {
        "WAYBILL_DATABASE_URL": api.database.gateway_url, "WAYBILL_WORKER_METRICS_PORT": "0",
        "WAYBILL_SMTP_HOST": "127.0.0.1", "WAYBILL_SMTP_PORT": str(mailbox.port), "WAYBILL_SMTP_SECURITY": "none",
        "WAYBILL_MAIL_FROM": "orders@shop.example", "WAYBILL_QUIET_HOURS": "none", "WAYBILL_DATA_DIR": str(tmp_path),
        "WAYBILL_CLOCK": f"2026-11-23T12:00:00Z@{true_now().isoformat()}*1",
    }  # fmt: skip
    teller = Teller(api, mailbox.port)
    teller.begin()
    mailbox.hold = threading.Event()
    sent_out(api, 3)
    with waybill_process("worker", environ=environ, log=tmp_path / "log") as process:
        eventually(lambda: len(mailbox.received) >= 1, 60)
        process.kill()
    mailbox.hold.set()
    teller.make_due()  # what was claimed comes back after two minutes; here it has
    with waybill_process("worker", environ=environ, log=tmp_path / "log"):
        eventually(lambda: all(state[1] == "delivered" for state in teller.states()), 60)

    # Nobody is left out; whoever was told twice was told by the very same message.
    assert {one["To"] for one in mailbox.received} == {f"customer-{n}@example.org" for n in range(3)}
    assert len(set(mailbox.ids)) == 3
    assert 4 <= len(mailbox.ids) <= 5  # two senders, each with a message in hand
