"""Shapes of device posts on the wire. Readings are checked by their decoder, item by item."""

from rest_framework import serializers

from common.api.fields import LineField, NumberField, ObjectIdField, TextField

MAX_TOPIC = 512
MAX_PASTED = 16_384


class RejectedSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="of the item in the body, from 0")
    code = serializers.CharField()
    detail = serializers.CharField()


class TakenSerializer(serializers.Serializer):
    accepted = serializers.IntegerField(help_text="readings stored")
    duplicates = serializers.IntegerField(help_text="readings that were stored before")
    rejected = RejectedSerializer(many=True)


class PastedSerializer(serializers.Serializer):
    payload = TextField(
        max_length=MAX_PASTED,
        trim_whitespace=False,
        help_text="what the device sent: its text, or the bytes as hex or base64",
    )
    topic = LineField(max_length=MAX_TOPIC, required=False, allow_null=True)
    tank_id = ObjectIdField(required=False, allow_null=True, help_text="one's tank that it would watch")


class CandidateSerializer(serializers.Serializer):
    kind = serializers.CharField()
    device_id = serializers.CharField(allow_null=True)
    field = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    quantity = serializers.ChoiceField(choices=["level", "volume", "distance", "depth"])
    value = serializers.FloatField(help_text="as sent, in `unit`")
    canonical = serializers.FloatField(help_text="in percent, litres or millimetres")
    confidence = serializers.FloatField(help_text="0 to 1")
    explanation = serializers.CharField()
    settings = serializers.DictField(help_text="what the device would be saved with")
    level = NumberField(allow_null=True, help_text="percent, in the given tank")
    volume_liters = NumberField(allow_null=True)
    problem = serializers.CharField(allow_null=True, help_text="why the given tank cannot hold that")


class InferredSerializer(serializers.Serializer):
    results = CandidateSerializer(many=True, help_text="the likeliest first")
