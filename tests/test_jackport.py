"""JACK's driver where JACK can't be used; what it does on a server is tested on one (tests/jack)."""

import sys

import pytest

from livejam.errors import PortError
from livejam.jackport import JackDriver


def test_without_the_package_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(PortError, match=r"pip install 'livejam\[jack\]'"):
        JackDriver()


def test_without_a_server_there_are_no_ports_and_no_chatter(monkeypatch, capfd):
    pytest.importorskip("jack", reason="needs JACK-Client and JACK's library", exc_type=(ImportError, OSError))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "livejam_no_such_server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    driver = JackDriver()
    assert driver.changed()
    for attempt in (driver.inputs, driver.outputs, lambda: driver.open_output(None)):
        with pytest.raises(PortError, match="no JACK server is running"):
            attempt()
    assert capfd.readouterr().err == ""
