"""The list of the commands: ``python -m higgs_lightning``."""

print("""Tell Higgs events from background.

python -m higgs_lightning.train     train a model, test it, and write it all into a folder below outputs/
python -m higgs_lightning.evaluate  score every split with a trained model: metrics and plots
python -m higgs_lightning.predict   score the events of a file
python -m higgs_lightning.describe  what is in a file of events, and how to use it
python -m higgs_lightning.export    write a trained model as ONNX or for torch.export
python -m higgs_lightning.compare   runs side by side
python -m higgs_lightning.simulate  make events

Each takes --help.""")
