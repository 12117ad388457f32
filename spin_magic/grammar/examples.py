"""Lines as people write them, for the help of each magic, and what each does."""

from __future__ import annotations

EXAMPLES: dict[str, dict[str, str]] = {
    "spin": {
        "%spin TrainFlow train": "as it stands in the file",
        "r = %spin TrainFlow train --index 2": "on the third split; r is the result",
        "%%spin TrainFlow train": "with the text of the cell",
        "%%spin TrainFlow 17/train --seed 1": "on the inputs that it had in run 17",
        "%spin train.py train --set alpha=0.1": "with another input",
        "%spin TrainFlow join --set [0].score=1": "of a join's first input",
        "%%spin TrainFlow check --after train": "a step that is not in the file yet",
        "%spin TrainFlow train --all-splits": "every task of the foreach",
    },
    "spin_inputs": {
        "%spin_inputs TrainFlow train": "of the latest run",
        "%spin_inputs TrainFlow train --value b": "of the split with that value",
        "%spin_inputs TrainFlow 17/train --only df": "one artifact, of run 17",
        '%spin_inputs TrainFlow train --namespace ""': "of anybody's latest run",
    },
    "spin_cards": {
        "%spin_cards TrainFlow train --id report": "one card of the latest run",
        "%spin_cards TrainFlow train --diff": "beside those of the last spin",
        "%spin_cards TrainFlow 17/train --index 2": "of another run, of the third split",
    },
    "spin_flow": {
        "%spin_flow TrainFlow": "the latest run",
        "%spin_flow flows/train.py --from 17": "run 17",
    },
    "spin_load": {
        "%spin_load TrainFlow train": "its body, below %%spin",
        "%spin_load TrainFlow train --def": "all of it, decorators too",
    },
    "spin_save": {
        "%spin_save": "the step that was spun last",
        "%spin_save TrainFlow train --dry-run": "show what would change",
        "%spin_save TrainFlow check --link": "a new step, and the way to it",
    },
    "spin_new": {
        "%spin_new TrainFlow": "in trainflow.py",
        "%spin_new TrainFlow --file flows/train.py": "in another file",
    },
    "spin_run": {
        "%spin_run TrainFlow --alpha 0.1": "with a parameter",
        "%spin_run TrainFlow --resume train": "from that step on",
        "%spin_run TrainFlow --with kubernetes": "elsewhere",
    },
    "spin_test": {
        "%spin_test TrainFlow train": "print it",
        "%spin_test TrainFlow train --file test_train.py": "add it to a file",
    },
    "spin_notebook": {
        "%spin_notebook TrainFlow": "beside the flow file",
        "%spin_notebook flows/train.py -o look.ipynb": "in another place",
    },
}


def as_text(magic: str) -> str:
    """Write the examples of a magic, one a line; nothing where it has none."""
    lines = EXAMPLES.get(magic, {})
    wide = max(map(len, lines), default=0)
    return "".join(f"  {line:<{wide}}  {said}\n" for line, said in lines.items())
