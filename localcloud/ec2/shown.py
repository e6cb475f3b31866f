"""Instances as DescribeInstances shows them; not by moto's objects, which it takes long to write as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.ebs.shown import Json, tags

if TYPE_CHECKING:
    from collections.abc import Collection

LENT = "amazon"
"""The owner of an address that goes back with a stop: any but Elastic IP addresses."""


def instance(each: Any, elastic: Collection[str]) -> Json:
    """Return an instance; `elastic` are the account's Elastic IP addresses."""
    profile = each.ec2_backend.iam_instance_profile_associations.get(each.id)
    return {
        "AmiLaunchIndex": each.ami_launch_index,
        "Architecture": each.architecture,
        "BlockDeviceMappings": [_device(name, device) for name, device in each.get_block_device_mapping],
        "ClientToken": each.client_token,
        "EbsOptimized": bool(each.ebs_optimized),
        "HibernationOptions": {"Configured": False, **(each.hibernation_options or {})},
        "Hypervisor": each.hypervisor,
        "IamInstanceProfile": profile and _profile(profile.iam_instance_profile),
        "ImageId": each.image_id,
        "InstanceId": each.id,
        "InstanceLifecycle": each.lifecycle,
        "InstanceType": each.instance_type,
        "KeyName": each.key_name,
        "LaunchTime": each.launch_time,
        "MetadataOptions": _metadata(each.metadata_options),
        "Monitoring": each.monitoring,
        "NetworkInterfaces": [_interface(one, elastic) for one in each.network_interfaces],
        "Operator": each.operator,
        "Placement": _placement(each.placement),
        "Platform": each.platform,
        "PlatformDetails": each.platform_details,
        "PrivateDnsName": each.private_dns_name,
        "PrivateIpAddress": each.private_ip_address,
        "ProductCodes": each.product_codes,
        "PublicDnsName": each.public_dns_name,
        "PublicIpAddress": each.public_ip_address,
        "RootDeviceName": each.root_device_name,
        "RootDeviceType": each.root_device_type,
        "SecurityGroups": [_group(one) for one in each.security_groups],
        "SourceDestCheck": each.source_dest_check,
        "State": {"Code": each.state_code, "Name": each.state},
        "StateReason": _reason(each.state_reason),
        "StateTransitionReason": each.state_transition_reason,
        "SubnetId": each.subnet_id,
        "Tags": tags(each) or None,
        "UsageOperation": each.usage_operation,
        "VirtualizationType": each.virtualization_type,
        "VpcId": each.vpc_id,
    }


def _device(name: str, device: Any) -> Json:
    mapped = {
        "AttachTime": device.attach_time,
        "DeleteOnTermination": bool(device.delete_on_termination),
        "Status": "attached",
        "VolumeId": device.volume_id,
    }
    return {"DeviceName": name, "Ebs": mapped}


def _interface(each: Any, elastic: Collection[str]) -> Json:
    association = _association(each, elastic) if each.public_ip else None
    return {
        "Association": association,
        "Attachment": _attachment(each.attachment) if each.attachment else None,
        "Description": each.description,
        "Groups": [_group(one) for one in each.group_set],
        "InterfaceType": each.interface_type,
        "Ipv6Addresses": each.instance_ipv6_address_list,
        "MacAddress": each.mac_address,
        "NetworkInterfaceId": each.id,
        "OwnerId": each.owner_id,
        "PrivateDnsName": getattr(each, "private_dns_name", None),
        "PrivateIpAddress": each.private_ip_address,
        "PrivateIpAddresses": [_address(one, each, association) for one in each.private_ip_addresses],
        "SourceDestCheck": each.source_dest_check,
        "Status": each.status,
        "SubnetId": each.subnet_id,
        "VpcId": each.vpc_id,
    }


def _association(interface: Any, elastic: Collection[str]) -> Json:
    owner = interface.owner_id if interface.public_ip in elastic else LENT
    name = interface.instance.public_dns_name if interface.instance.public_ip == interface.public_ip else None
    return {"IpOwnerId": owner, "PublicDnsName": name, "PublicIp": interface.public_ip}


def _address(address: Json, interface: Any, association: Json | None) -> Json:
    first = address["PrivateIpAddress"] == interface.private_ip_address
    shown = {"Primary": first or bool(address.get("Primary")), "PrivateIpAddress": address["PrivateIpAddress"]}
    return {**shown, "Association": association if first else None}


def _attachment(each: Any) -> Json:
    return {
        "AttachmentId": each.attachment_id,
        "AttachTime": each.attach_time,
        "DeleteOnTermination": bool(each.delete_on_termination),
        "DeviceIndex": each.device_index,
        "NetworkCardIndex": each.network_card_index,
        "Status": each.status,
    }


def _placement(each: Any) -> Json:
    zone = {"AvailabilityZone": each.availability_zone, "GroupName": each.group_name, "HostId": each.host_id}
    return {**zone, "Tenancy": each.tenancy}


def _metadata(each: Any) -> Json:
    return {
        "HttpEndpoint": each.http_endpoint,
        "HttpProtocolIpv6": each.http_protocol_ipv6,
        "HttpPutResponseHopLimit": each.http_put_response_hop_limit,
        "HttpTokens": each.http_tokens,
        "InstanceMetadataTags": each.instance_metadata_tags,
        "State": each.state,
    }


def _reason(each: Any) -> Json | None:
    return {"Code": each.code, "Message": each.message} if each.code else None


def _group(each: Any) -> Json:
    return {"GroupId": each.id, "GroupName": each.name}


def _profile(each: Any) -> Json:
    return {"Arn": each.arn, "Id": each.id}
