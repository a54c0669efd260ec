"""Finding nbclient's client, and letting a lock into its notebook."""

import threading
from types import SimpleNamespace

from nbclient import NotebookClient
from nbformat.v4 import new_notebook

from jupyter_pyartifacts.kernel import headless


class Manager:
    """Stands where a kernel manager is held; only its identity counts."""


def make_client(manager, **options):
    client = NotebookClient(new_notebook(), **options)
    client.km = manager
    return client


def test_the_client_up_the_stack():
    manager = Manager()

    class Client(NotebookClient):
        def start(self):
            return headless.client_on_stack(manager)

    client = Client(new_notebook())
    client.km = manager
    other = Client(new_notebook())
    other.km = Manager()
    assert client.start() is client
    assert other.start() is None


def test_the_client_that_waits_in_another_thread():
    manager = Manager()
    found = []

    class Client(NotebookClient):
        def start(self):
            hop = threading.Thread(target=lambda: found.append(headless.client_on_stack(manager)))
            hop.start()
            hop.join()

    client = Client(new_notebook())
    client.km = manager
    client.start()
    assert found == [client]


def test_the_client_in_memory():
    manager = Manager()
    client = make_client(manager)
    assert headless.client_in_memory(manager) is client
    assert headless.client_in_memory(Manager()) is None


def test_place_by_nbconverts_resources(tmp_path):
    (tmp_path / "n.ipynb").touch()
    resources = {"metadata": {"path": str(tmp_path), "name": "n"}}
    place = headless.place_of(make_client(Manager(), resources=resources))
    assert place == headless.Place(directory=str(tmp_path), notebook=str(tmp_path / "n.ipynb"))


def test_place_by_papermills_metadata(tmp_path):
    (tmp_path / "n.ipynb").touch()
    client = make_client(Manager())
    client.nb.metadata.papermill = {"input_path": str(tmp_path / "n.ipynb")}
    assert headless.place_of(client) == headless.Place(
        directory=str(tmp_path), notebook=str(tmp_path / "n.ipynb")
    )


def test_place_by_the_frame_of_jupyter_execute(tmp_path):
    (tmp_path / "n.ipynb").touch()

    def run_notebook(notebook_path):
        client = make_client(Manager(), resources={"metadata": {"path": tmp_path}})
        return headless.place_of(client)

    expected = headless.Place(directory=str(tmp_path), notebook=str(tmp_path / "n.ipynb"))
    assert run_notebook(str(tmp_path / "n")) == expected


def test_place_unknown():
    assert headless.place_of(make_client(Manager())) == headless.Place()


def message(data):
    return {"content": {"comm_id": "c", "target_name": headless.LOCK_TARGET, "data": data}}


def test_a_lock_reaches_the_notebook_and_null_takes_it_out():
    client = make_client(Manager())
    headless.accept_lock(client)
    handler = client.comm_open_handlers["pyartifacts.lock"]
    assert handler(message({"lock": {"version": 1, "pins": ["a"]}, "digest": "d"})) is None
    assert client.nb.metadata == {"pyartifacts": {"version": 1, "pins": ["a"]}}
    handler(message({"lock": None, "digest": None}))
    handler(message({"lock": None, "digest": None}))
    assert client.nb.metadata == {}


def test_strangers_on_the_stack_are_not_touched():
    class Hostile:
        def __getattr__(self, name):
            raise AssertionError("looked into a stranger")

        def start(self, manager):
            return headless.client_on_stack(manager)

    assert Hostile().start(Manager()) is None
    assert headless.client_on_stack(SimpleNamespace()) is None
