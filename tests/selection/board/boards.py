"""Leaderboards as a selection leaves them, of made-up numbers."""

import dataclasses

import numpy as np

from deeplab_nas.core import random_architecture
from deeplab_nas.data import datasets
from deeplab_nas.selection.board.judgement import Judgement, Lead
from deeplab_nas.selection.board.leaderboard import Arm, Candidate, Leaderboard
from deeplab_nas.selection.evidence.trained_table import Training

CLASS_NAMES = datasets.describe("camvid", "").class_names
# What a name may hold that is made to do harm, or for a template.
HOSTILE = '</title></script></style><script>alert(1)</script>"><img src=x onerror=alert(2)> $rows'
ARMS = ("random", "halving", "search")


def training(miou, steps=400, seed=1, class_iou=None):
    return Training(seed, steps, miou, class_iou or {}, 140.0)


def candidate(name, mious=(), steps=400, **others):
    """A network with a training of `steps` steps for each value, seeds 1 and on."""
    trainings = [training(miou, steps, seed + 1) for seed, miou in enumerate(mious)]
    facts = {
        "arm": "random",
        "architecture": random_architecture.draw(1, 3, 2),
        "multiply_adds": 1_500_000_000,
        "parameters": 600_000,
        "activation_bytes": 90_000_000,
        "trainings": tuple(trainings),
    }
    return Candidate(name, **{**facts, **others})


def board(*candidates, arms=("random",), about=None, rungs=(100, 200, 400)):
    """A leaderboard of candidates, arms without a best one."""
    found = tuple(Arm(name, 1, 400, 10**15, 140.0) for name in arms)
    return Leaderboard(about or {}, rungs, candidates, found)


def realistic(count, names=None, class_names=CLASS_NAMES):
    """A selection of random networks in three rungs, the last of several seeds."""
    random = np.random.RandomState(0)
    names = names or [f"random_{number + 1}" for number in range(count)]
    qualities = random.normal(0.3, 0.04, count)
    places = np.argsort(np.argsort(-qualities))
    candidates = []
    for number, name in enumerate(names):
        trainings = []
        for rung, share, loss in ((100, 1, 0.09), (200, 2, 0.04), (400, 3, 0)):
            for seed in range(3 if rung == 400 and places[number] < 4 else 1):
                if places[number] * share < count:
                    miou = float(np.clip(qualities[number] - loss + random.normal(0, 0.01), 0, 1))
                    shares = np.clip(2 * miou * 0.85 ** np.arange(len(class_names)), 0, 1)
                    ious = dict(zip(class_names, shares.tolist(), strict=True))
                    trainings.append(Training(seed + 1, rung, miou, ious, rung * 0.35))
        candidates.append(
            Candidate(
                name,
                ARMS[number % len(ARMS)],
                random_architecture.draw(number + 1, 5, 5),
                int(random.normal(1.5e9, 6e7)),
                int(random.normal(6e5, 5e4)),
                int(random.normal(9e7, 6e6)),
                {"naswot": float(random.normal(900, 30))},
                tuple(trainings),
            )
        )
    arms = []
    for arm in ARMS:
        own = [each for each in candidates if each.arm == arm]
        steps = sum(each.steps for one in own for each in one.trainings)
        best = max(own, key=lambda each: each.trainings[-1].miou).name if own else None
        arms.append(Arm(arm, len(own), steps, steps * 36_000_000_000, steps * 0.35, best))
    about = {"data set": "camvid", "split": "val, 101 images", "seed": "1"}
    return Leaderboard(about, (100, 200, 400), tuple(candidates), tuple(arms))


def hostile():
    """A leaderboard whose texts are all markup."""
    board = realistic(4, names=[f"{HOSTILE}{i}" for i in range(4)], class_names=[HOSTILE])
    name = f"{HOSTILE} arm"
    return dataclasses.replace(
        board,
        about={HOSTILE: HOSTILE},
        candidates=tuple(
            dataclasses.replace(each, arm=name, scores={HOSTILE: 1.0}) for each in board.candidates
        ),
        arms=(dataclasses.replace(board.arms[0], name=name),),
    )


def judged(count=6):
    """A board whose arms were compared, of made-up numbers."""
    board = realistic(count)
    names = [candidate.name for candidate in board.candidates]
    judgements = tuple(
        Judgement(
            arm=arm.name,
            picks=(names[number], names[-1]),
            mious=(0.30 + number / 100, 0.31 + number / 50),
            seeds=2,
            lead=Lead(number / 70, -0.01, 0.05, 0.75, 0.25) if arm.name != "random" else None,
        )
        for number, arm in enumerate(board.arms)
    )
    return dataclasses.replace(board, judgements=judgements)
