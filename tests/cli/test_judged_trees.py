"""`admit` and `reattest` see a tree as attest_images does: what they cannot see is never ok.

One tree, two ways to name it: the working files, and a commit of the clone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cli.__main__ import main
from cli.tree.commit import committed_files
from cli.tree.reading import Rules, Tree, read_tree
from cli.tree.working import working_files
from shared.domain.exempt_paths import ExemptPaths
from tests.cli.trees import commit, write
from tests.company import REDIS, workload

ROOT: Final = Path(__file__).parents[2]
POLICY: Final = ROOT / "local" / "blog_app" / "policy.yaml"
EXEMPT: Final = workload("redis", REDIS)
DIGEST: Final = f"sha256:{'a' * 64}"
OVERLAY: Final = {
    "apps/base/kustomization.yaml": "resources: [posts.yaml]\n",
    "apps/base/posts.yaml": workload("posts", f"mdo/posts@{DIGEST}"),
    "apps/prod/Kustomization": f"resources: [../base]\nimages: [{{name: mdo/posts, digest: 'sha256:{'b' * 64}'}}]\n",
}
Reading = Callable[..., Tree]


def working(*paths: str, rules: Rules | None = None) -> Tree:
    """Read the working files."""
    return read_tree(working_files([Path(path) for path in paths]), rules or Rules())


def committed(*paths: str, rules: Rules | None = None) -> Tree:
    """Commit them, and read the commit."""
    commit(Path.cwd())
    return read_tree(committed_files("prod", [Path(path) for path in paths]), rules or Rules())


both = pytest.mark.parametrize("reading", [working, committed])


@pytest.fixture(autouse=True)
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def images(tree: Tree) -> list[str]:
    """Every image that would run."""
    return [image.reference.written for manifest in tree.manifests for image in manifest.images]


def sentences(tree: Tree) -> list[str]:
    """Every problem."""
    return [problem.detail for problem in tree.problems]


@both
def test_an_overlay_decides_what_runs(reading: Reading, clone: Path) -> None:
    """The base's own digest runs nowhere; to sign that one would leave prod's pods without an attestation."""
    write(clone, OVERLAY)

    tree = reading("apps")

    assert images(tree) == [f"mdo/posts@sha256:{'b' * 64}"]
    assert tree.problems == ()


@both
def test_what_the_functions_refuse_is_a_problem(reading: Reading, clone: Path) -> None:
    """A program, an override of Argo CD, links to files and folders: each runs what nobody sees here."""
    write(
        clone,
        {
            "apps/redis.yaml": EXEMPT,
            "apps/evil.jsonnet": "{}",
            "apps/.argocd-source.yaml": "kustomize: {images: [evil]}\n",
            "apps/chart/Chart.yaml": "name: x\n",
            "elsewhere/evil.yaml": workload("evil", "evil"),
        },
    )
    (clone / "apps/linked").symlink_to("../elsewhere")
    (clone / "apps/linked.yaml").symlink_to("../elsewhere/evil.yaml")

    told = sentences(reading("apps"))

    for path in ("apps/linked", "apps/linked.yaml"):
        assert f"{path}: a link or submodule; its images cannot be seen here" in told
    for path in ("apps/evil.jsonnet", "apps/.argocd-source.yaml", "apps/chart/Chart.yaml"):
        assert f"{path}: a program; the images it makes cannot be seen here" in told


@both
def test_dot_files_and_folders_run_too(reading: Reading, clone: Path) -> None:
    """Argo CD deploys them, and the functions read them."""
    write(clone, {"apps/.hidden.yaml": EXEMPT, "apps/.folder/x.yaml": EXEMPT, "apps/.yaml": EXEMPT})

    assert len(images(reading("apps"))) == 3


@both
@pytest.mark.parametrize("named", ["apps", "apps/x"])
def test_a_link_instead_of_a_folder_or_above_it_is_a_problem(reading: Reading, named: str, clone: Path) -> None:
    """Tomorrow it leads to another folder."""
    write(clone, {"elsewhere/x/redis.yaml": EXEMPT})
    (clone / "apps").symlink_to("elsewhere")

    assert "apps: a link or submodule; its images cannot be seen here" in sentences(reading(named))


def test_a_clone_in_a_clone_is_a_problem(clone: Path) -> None:
    """Git commits it as a submodule, whose files are not in the tree."""
    write(clone, {"apps/redis.yaml": EXEMPT, "apps/other/.git": "gitdir: elsewhere\n", "apps/other/evil.yaml": EXEMPT})

    tree = working("apps")

    assert sentences(tree) == ["apps/other: a link or submodule; its images cannot be seen here"]
    assert len(images(tree)) == 1


@both
def test_the_whole_clone_can_be_named(reading: Reading, clone: Path) -> None:
    """Git's own folder is in no tree."""
    write(clone, {"apps/redis.yaml": EXEMPT, ".git/x.yaml": EXEMPT} if reading is working else {"a/redis.yaml": EXEMPT})

    tree = reading(".")

    assert images(tree) == [REDIS]
    assert tree.problems == ()


@both
def test_a_file_that_is_named_is_read_whatever_it_is_called(reading: Reading, clone: Path) -> None:
    """A person says that it is a manifest."""
    write(clone, {"apps/rendered.txt": EXEMPT, "apps/evil.yaml": workload("evil", "evil")})

    assert images(reading("apps/rendered.txt")) == [REDIS]


def test_what_a_command_prints_can_be_judged() -> None:
    """`prodgate admit <(kustomize build apps/prod)`: the shell hands over a link outside of the clone."""
    reader, writer = os.pipe()
    os.write(writer, EXEMPT)
    os.close(writer)

    assert images(working(f"/dev/fd/{reader}")) == [REDIS]
    os.close(reader)


@both
def test_paths_count_from_where_the_person_stands(
    reading: Reading, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exempt paths count from the root of the clone, as the functions do."""
    write(clone, {"apps/x/redis.yaml": EXEMPT, "apps/x/evil.jsonnet": "{}", "other/evil.jsonnet": "{}"})
    commit(clone)
    monkeypatch.chdir(clone / "apps")
    rules = Rules(exempt_paths=ExemptPaths(("apps/x/evil.jsonnet",)))

    for named in ("x", str(clone / "apps/x")):
        tree = (
            working(named, rules=rules)
            if reading is working
            else read_tree(committed_files("prod", [Path(named)]), rules)
        )
        assert images(tree) == [REDIS]
        assert tree.problems == ()
        assert [path.rpartition("x/")[2] for path in tree.exempt] == ["evil.jsonnet"]


@both
def test_an_exempt_path_hides_its_images_too(reading: Reading, clone: Path) -> None:
    """It is all or nothing: nobody reads the file."""
    write(clone, {"apps/redis.yaml": EXEMPT, "apps/shop/a.yaml": workload("a", "evil"), "apps/shop/Chart.yaml": "x"})

    tree = reading("apps", rules=Rules(exempt_paths=ExemptPaths(("apps/s*p",))))

    assert images(tree) == [REDIS]
    assert tree.exempt == ("apps/shop/Chart.yaml", "apps/shop/a.yaml")
    assert tree.problems == ()


def test_admit_does_not_say_yes_to_what_attest_images_would_reject(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pod that it sees is exempt by the policy; what it cannot see decides."""
    write(clone, {"apps/redis.yaml": EXEMPT, "apps/evil.jsonnet": "{}"})
    command = ["admit", "apps", "--policy", str(POLICY), "--attested", "none"]

    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == f"apps/redis.yaml:10: {REDIS} is admitted\n"
    assert "error: apps/evil.jsonnet: a program; the images it makes cannot be seen here\n" in printed.err

    assert main([*command, "--exempt-path", "apps/evil.jsonnet"]) == 0
    assert "note: apps/evil.jsonnet is exempt: what it runs is not read, and not judged\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        ("--exempt-path", "/apps"),
        ("--exempt-path", "apps/**"),
        ("--exempt-path", "*"),
        ("--exempt-path", "../apps"),
        ("--exempt-kind", "Application"),
        ("--image-path", "Shop"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    option: tuple[str, str], clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wrote it believes that it does something."""
    write(clone, {"apps/redis.yaml": EXEMPT})

    assert main(["admit", "apps", "--policy", str(POLICY), *option]) == 2
    assert capsys.readouterr().err.startswith(f"prodgate admit: {option[0]} {option[1]}: it must be")
