"""Which regularisation suits a classifier of wines? One task for each candidate, then a join."""

import pandas as pd
from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown, Table
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class TrainFlow(FlowSpec):
    test_size = Parameter("test_size", default=0.3, help="Share of the wines to keep for the test")
    seed = Parameter("seed", default=7, help="Seed of the split")

    @step
    def start(self):
        data = load_wine(as_frame=True)
        self.df = data.frame
        self.labels = list(data.target_names)
        print(f"{len(self.df)} wines of {len(self.labels)} kinds")
        self.next(self.prepare)

    @step
    def prepare(self):
        self.train_df, self.test_df = train_test_split(
            self.df, test_size=self.test_size, random_state=self.seed, stratify=self.df["target"]
        )
        self.grid = [0.001, 0.1, 10.0]
        self.next(self.train, foreach="grid")

    @card
    @step
    def train(self):
        self.C = self.input
        features = self.train_df.drop(columns="target")
        self.model = make_pipeline(StandardScaler(), LogisticRegression(C=self.C, max_iter=1000))
        self.model.fit(features, self.train_df["target"])

        unseen = self.test_df.drop(columns="target")
        self.metrics = {
            "accuracy": float(accuracy_score(self.test_df["target"], self.model.predict(unseen))),
            "log_loss": float(log_loss(self.test_df["target"], self.model.predict_proba(unseen))),
        }
        print(f"C={self.C}: accuracy {self.metrics['accuracy']:.3f}")

        matrix = confusion_matrix(self.test_df["target"], self.model.predict(unseen))
        current.card.append(Markdown(f"## C = {self.C}\nAccuracy **{self.metrics['accuracy']:.3f}**"))
        current.card.append(Table(matrix.tolist(), headers=self.labels))
        self.next(self.join)

    @step
    def join(self, inputs):
        self.scores = pd.DataFrame([{"C": each.C, **each.metrics} for each in inputs])
        best = min(inputs, key=lambda each: each.metrics["log_loss"])
        self.best_C = best.C
        self.model = best.model
        self.merge_artifacts(inputs, include=["labels"])
        print(self.scores.to_string(index=False))
        self.next(self.end)

    @card
    @step
    def end(self):
        current.card.append(Markdown(f"# The best C is {self.best_C}"))
        current.card.append(Table.from_dataframe(self.scores))
        print(f"best C: {self.best_C}")


if __name__ == "__main__":
    TrainFlow()
