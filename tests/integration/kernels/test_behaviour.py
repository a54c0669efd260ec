"""An isolated kernel behaves as any other: the matrix of what frontends and users do."""

from __future__ import annotations

import os

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.network]


def test_it_runs_the_pins_in_the_view(kernel, store):
    prefix, executable, isolated, pandas, argv = kernel.value(
        "[__import__('sys').prefix, __import__('sys').executable, __import__('sys').flags.isolated,"
        " __import__('pandas').__version__, __import__('sys').argv[0]]"
    )
    assert prefix.startswith(str(store / "views"))
    assert executable == os.path.join(prefix, "bin", "python")
    assert isolated == 1
    assert pandas == "2.2.3"
    assert argv.endswith("ipykernel_launcher.py")


def test_the_process_is_the_interpreter_itself(kernel):
    assert kernel.manager.provisioner.process.pid == kernel.value("__import__('os').getpid()")


def test_interrupt_in_a_long_loop(kernel):
    kernel.run("state = 'kept'")
    request = kernel.send("print('begun', flush=True)\nwhile True: pass")
    kernel.wait_for_output(request, "begun")
    kernel.manager.interrupt_kernel()
    answer = kernel.wait(request)
    assert answer.error is not None
    assert answer.error["ename"] == "KeyboardInterrupt"
    assert kernel.value("state") == "kept"


def test_interrupt_in_a_sleep(kernel):
    request = kernel.send("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    kernel.wait_for_output(request, "begun")
    kernel.manager.interrupt_kernel()
    answer = kernel.wait(request)
    assert answer.error is not None
    assert answer.error["ename"] == "KeyboardInterrupt"


def test_restart_is_a_new_process_in_the_same_environment(kernel):
    kernel.run("state = 1")
    before = kernel.value("[__import__('os').getpid(), __import__('sys').prefix]")
    kernel.restart()
    after = kernel.value("[__import__('os').getpid(), __import__('sys').prefix]")
    assert before[0] != after[0]
    assert before[1] == after[1]
    assert kernel.run("state").error["ename"] == "NameError"


def test_shutdown_ends_the_process_and_takes_the_session_file(kernel, store):
    session = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    assert os.path.dirname(session) == str(store / "kernels")
    assert os.path.exists(session)
    pid = kernel.value("__import__('os').getpid()")
    kernel.manager.shutdown_kernel()
    assert not os.path.exists(session)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_input(kernel):
    answer = kernel.run("name = input('who? ')\nprint('hello', name)", answers=("ada",))
    assert answer.out == "hello ada\n"


def test_matplotlib_inline(kernel):
    kernel.run("%matplotlib inline")
    answer = kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 4]);")
    assert answer.ok, answer.error
    assert "image/png" in answer.data[-1]


def test_widgets_both_ways(kernel):
    answer = kernel.run("import ipywidgets\nslider = ipywidgets.IntSlider(value=3)\nslider")
    assert answer.ok, answer.error
    models = {
        message["content"]["data"]["state"].get("_model_name"): message["content"]["comm_id"]
        for message in answer.others
        if message["msg_type"] == "comm_open"
    }
    data = {"method": "update", "state": {"value": 42}, "buffer_paths": []}
    message = kernel.client.session.msg(
        "comm_msg", {"comm_id": models["IntSliderModel"], "data": data}
    )
    kernel.client.shell_channel.send(message)
    assert kernel.value("slider.value") == 42


def test_completion(kernel):
    kernel.run("import pandas as pd")
    reply = kernel.client.complete("pd.DataFr", reply=True, timeout=60)["content"]
    assert "DataFrame" in [match.rpartition(".")[2] for match in reply["matches"]]


def test_inspection(kernel):
    assert kernel.run("import pandas as pd").ok
    reply = kernel.client.inspect("pd.read_csv", reply=True, timeout=60)["content"]
    assert reply["found"], reply
    assert "filepath_or_buffer" in reply["data"]["text/plain"]


def test_history_and_help(kernel):
    kernel.run("1 + 1")
    assert kernel.run("%history -n").out.strip().startswith("1: 1 + 1")
    assert "Help on built-in function len" in kernel.run("help(len)").out


def test_the_debugger_stops_at_a_breakpoint(kernel):
    def debug(command, **arguments):
        content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
        return kernel.control("debug_request", content)

    kernel.start_debugger()
    assert debug("attach")["success"]
    code = "x = 40\ny = x + 2\nprint(y)"
    source = debug("dumpCell", code=code)["body"]["sourcePath"]
    points = debug("setBreakpoints", breakpoints=[{"line": 2}], source={"path": source})
    assert points["body"]["breakpoints"][0]["verified"]
    assert debug("configurationDone")["success"]
    request = kernel.send(code)
    stopped = None
    while stopped is None:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "debug_event" and message["content"]["event"] == "stopped":
            stopped = message["content"]["body"]
    assert stopped["reason"] == "breakpoint"
    frames = debug("stackTrace", threadId=stopped["threadId"])["body"]["stackFrames"]
    value = debug("evaluate", expression="x", frameId=frames[0]["id"])["body"]["result"]
    assert value == "40"
    assert debug("continue", threadId=stopped["threadId"])["success"]
    assert kernel.wait(request).out == "42\n"
    assert debug("disconnect", restart=False, terminateDebuggee=True)["success"]


METHODS = ("fork", "spawn", "forkserver")


@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing_pools(kernel, method):
    answer = kernel.run(
        "import multiprocessing, operator\n"
        f"context = multiprocessing.get_context({method!r})\n"
        "with context.Pool(2) as pool:\n"
        "    print(pool.map(operator.neg, [1, 2, 3]))\n"
        "    where = \"__import__('pandas').__file__ + ' ' + __import__('sys').prefix\"\n"
        "    print(pool.apply(eval, (where,)))\n"
        "import pandas, sys\n"
        "print(pandas.__file__, sys.prefix)"
    )
    assert answer.ok, (answer.error, answer.err)
    first, theirs, ours = answer.out.splitlines()
    assert first == "[-1, -2, -3]"
    assert theirs == ours


def test_process_pool_executor_with_a_function_of_a_module(kernel, tmp_path):
    (tmp_path / "worker.py").write_text("def double(x):\n    return 2 * x\n")
    answer = kernel.run(
        "import multiprocessing\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "import worker\n"
        "context = multiprocessing.get_context('spawn')\n"
        "with ProcessPoolExecutor(1, mp_context=context) as pool:\n"
        "    print(list(pool.map(worker.double, [1, 2])))"
    )
    assert answer.ok, (answer.error, answer.err)
    assert answer.out == "[2, 4]\n"


@pytest.mark.parametrize("command", ["sys.executable", "'python'", "'python3'"])
def test_subprocesses_run_the_pins(kernel, command):
    answer = kernel.run(
        "import subprocess, sys\n"
        "code = 'import pandas, sys; print(pandas.__version__, sys.prefix)'\n"
        f"print(subprocess.run([{command}, '-c', code], capture_output=True, text=True).stdout)"
    )
    assert answer.ok, answer.error
    assert answer.out.strip() == "2.2.3 " + kernel.value("__import__('sys').prefix")


def test_the_notebooks_directory_is_importable(kernel, tmp_path):
    (tmp_path / "local_module.py").write_text("where = __file__\n")
    answer = kernel.run("import local_module\nprint(local_module.where)")
    assert answer.out.strip() == str(tmp_path / "local_module.py")


def test_async_cells_and_tracebacks(kernel):
    assert kernel.run("import asyncio\nawait asyncio.sleep(0)\nprint('ok')").out == "ok\n"
    error = kernel.run("def f():\n    1 / 0\nf()").error
    assert error["ename"] == "ZeroDivisionError"
    assert any("<cell line: 3>" in line or "line 3" in line for line in error["traceback"])


@pytest.mark.parametrize("line", ["!pip install six", "!python -m pip install six"])
def test_pip_in_a_shell_points_to_the_magic(kernel, line):
    answer = kernel.run(f"{line}\nprint('code', _exit_code)")
    assert "%pyartifacts add" in answer.out
    assert answer.out.endswith("code 1\n")
    assert kernel.run("import six_is_not_here").error["ename"] == "ModuleNotFoundError"


def test_pip_as_a_magic_points_to_the_magic(kernel):
    answer = kernel.run("%pip install six")
    assert answer.error is not None
    assert "%pyartifacts add six" in "\n".join(answer.error["traceback"])


def test_no_byte_code_is_written_below_the_store(kernel, store, tmp_path):
    def compiled():
        return set(store.rglob("*.pyc"))

    (tmp_path / "own.py").write_text("x = 1\n")
    before = compiled()
    answer = kernel.run(
        "import own, pandas.io.clipboard\n"
        "import multiprocessing, subprocess, sys\n"
        "subprocess.run(['python', '-c', 'import matplotlib.sankey'], check=True)\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    pool.apply(eval, (\"bool(__import__('matplotlib.hatch'))\",))"
    )
    assert answer.ok, answer.error
    assert compiled() == before
    # The notebook's own modules are cached as ever.
    assert list((tmp_path / "__pycache__").glob("own.*.pyc"))


def test_a_started_kernel_dies_with_its_server(kernel):
    # ipykernel watches the parent it was started by; a wrapper would hide it.
    assert kernel.value("__import__('os').getppid()") == os.getpid()
    assert kernel.value("__import__('os').environ.get('JPY_PARENT_PID')") == str(os.getpid())


def test_load_ext_is_a_friendly_no_op(kernel):
    answer = kernel.run("%load_ext jupyter_pyartifacts")
    assert answer.ok, answer.error
    assert answer.out == (
        "%pyartifacts is loaded already: this kernel runs in its notebook's own environment.\n"
    )
    assert answer.err == ""
